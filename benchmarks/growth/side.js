import { TextEncoder004 } from '../../packages/core/dist/exposition/text.js'
import { Herd } from '../../packages/core/dist/herd/herd.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { FAMILY, fillHerd } from './herd-of-copies.js'

/** The cost of scraping a herd of one size: the time of the first scrape and of a later one, and the memory of the reader. */

const { stores, series, check } = settingsOfThisProcess()
const directory = herdDirectory()
const change = fillHerd(directory.path, stores, series)
const before = await memory()
const herd = new Herd({ directory: directory.path })
const encoder = new TextEncoder004()
const first = await scrape()
change()
const second = await scrape()
const bytes = (await memory()) - before
const { samples = 0, digest = '' } = check
  ? digestOf([...encoder.encode(await herd.snapshot())].join(''), [FAMILY])
  : {}
await herd.close()
directory.remove()
answer({ first, second, bytes, samples, digest })

/** CPU time in milliseconds. The text is created in chunks that are not kept, as on the metrics port. */
async function scrape() {
  const before = process.cpuUsage()
  for (const piece of encoder.encode(await herd.snapshot())) void piece
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function memory() {
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate)
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
