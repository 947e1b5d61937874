import { Herd } from '../../packages/core/dist/herd/herd.js'
import { fillHerd } from '../growth/herd-of-copies.js'
import { herdDirectory } from '../lib/directory.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { answers } from './conversation.js'
import { push, sinkTo } from './sinks.js'

/** Hosts in one process: each has its own sink and connection, and all have the same values. */

const { url, group, hosts, series } = settingsOfThisProcess()
process.channel.ref() // The connections of a sink keep no process alive.
const directory = herdDirectory()
const change = fillHerd(directory.path, 1, series)
const herd = new Herd({ directory: directory.path })
const sinks = Array.from({ length: hosts }, (_, i) => sinkTo(url, group, `host-${i}`))

async function pushAll() {
  const snapshot = await herd.snapshot()
  for (const [i, sink] of sinks.entries()) await push(sink, { ...snapshot, herd: `herd-${i}` })
}

await pushAll()
answers({
  async change(every) {
    change(every)
    await pushAll()
  },
  end: () => directory.remove(),
})
