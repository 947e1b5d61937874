import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DURATION, OWN_DURATION } from '../clients/names.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { observationsOf, seriesLabels } from '../lib/workload.js'

/**
 * What the series of one histogram take in a process of their own: started with --expose-gc, so that what is counted
 * is kept and not merely not yet collected.
 */

/** No errors: promherd counts those once more, by their category, which the others do not. */
const SUCCESSES = [200, 201, 202, 204]

const { client, storage, series } = settingsOfThisProcess()
const directory = storage === undefined || storage === 'memory' ? undefined : herdDirectory()
const { open } = await import(`../clients/${client}.js`)
const { record, text, close } = open({ storage, directory: directory?.path, series: series + 1, counter: false })

// One series beforehand: what is compiled and made once for all of them is not theirs.
observe(0)
const before = await reading()
for (let i = 1; i < series; i++) observe(i)
const after = await reading()
// Only now, so that no text is in a reading.
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
  // What a mapping shows is its file, which is counted: once is enough.
  return { heap: heapUsed, external: external - (storage === 'mmap' ? bytesOf('.values') : 0), files: bytesOf(''), rss }
}

/** What the store's files take: in /dev/shm that is memory, which no other process has here. */
function bytesOf(ending) {
  if (directory === undefined) return 0
  const names = readdirSync(directory.path).filter(name => name.endsWith(ending))
  return names.reduce((sum, name) => sum + statSync(join(directory.path, name)).size, 0)
}

function difference(before, after) {
  const gained = Object.fromEntries(Object.keys(after).map(part => [part, after[part] - before[part]]))
  return { ...gained, total: gained.heap + gained.external + gained.files }
}
