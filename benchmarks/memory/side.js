import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DURATION, OWN_DURATION } from '../clients/names.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { observationsOf, seriesLabels } from '../lib/workload.js'

/**
 * The memory of the series of one histogram in a separate process. It is started with --expose-gc, so that garbage is not
 * included.
 */

/** No errors: promherd also counts these by their category, which the other libraries do not. */
const SUCCESSES = [200, 201, 202, 204]

const { client, storage, series } = settingsOfThisProcess()
const directory = storage === undefined || storage === 'memory' ? undefined : herdDirectory()
const { open } = await import(`../clients/${client}.js`)
const { record, text, close } = open({ storage, directory: directory?.path, series: series + 1, counter: false })

// One series first, so that code and objects that all series share are not included.
observe(0)
const before = await reading()
for (let i = 1; i < series; i++) observe(i)
const after = await reading()
// After the measurements, so that they do not include the text.
const { samples, digest } = digestOf((await text()).replaceAll(OWN_DURATION, DURATION), [DURATION])
await close()
directory?.remove()
answer({ ...difference(before, after), samples, digest })

function observe(i) {
  const [method, route] = seriesLabels(i)
  const status = SUCCESSES[Math.floor(i / 3) % SUCCESSES.length]
  for (const seconds of observationsOf(1, i)) record({ method, route, status, seconds })
}

/** All in bytes. */
async function reading() {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate)
    globalThis.gc()
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  // A mapping shows a file that is already counted.
  return { heap: heapUsed, external: external - (storage === 'mmap' ? bytesOf('.values') : 0), files: bytesOf(''), rss }
}

/** The size of the store's files. In /dev/shm this is memory, which no other process uses here. */
function bytesOf(ending) {
  if (directory === undefined) return 0
  const names = readdirSync(directory.path).filter(name => name.endsWith(ending))
  return names.reduce((sum, name) => sum + statSync(join(directory.path, name)).size, 0)
}

function difference(before, after) {
  const gained = Object.fromEntries(Object.keys(after).map(part => [part, after[part] - before[part]]))
  return { ...gained, total: gained.heap + gained.external + gained.files }
}
