import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Herd } from '../../packages/core/dist/herd/herd.js'
import { fillHerd } from '../growth/herd-of-copies.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { push, sinkTo } from './sinks.js'

/** The cost of each push for a primary: the CPU time of the snapshot and of sending it, and round trips to Redis. */

const { url, series, warmUp, pushes, intervalMs } = settingsOfThisProcess()
process.channel.ref() // The connections of a sink keep no process alive.
const WARM_UP_INTERVAL_MS = 20
const directory = herdDirectory()
const change = fillHerd(directory.path, 2, series)
const herd = new Herd({ directory: directory.path })
const all = await pushesOf(1)
const few = await pushesOf(100)
const roundTrips = await countRoundTrips()
await herd.close()
directory.remove()
answer({ all, few, roundTrips })

/**
 * The CPU time of each push in milliseconds. The first push, which connects and sends all names, is not included, nor are
 * the next ones: a primary runs for days, and its code is compiled within seconds.
 */
async function pushesOf(every) {
  const sink = sinkTo(url, 'forwarding', `every ${every}`)
  await push(sink, await herd.snapshot())
  const cpu = []
  for (let i = 0; i < warmUp + pushes; i++) {
    change(every)
    await sleep(i < warmUp ? WARM_UP_INTERVAL_MS : intervalMs)
    const before = process.cpuUsage()
    await push(sink, await herd.snapshot())
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  }
  await sink.stop()
  return cpu.slice(warmUp)
}

/** The round trips of each push: the number of sends after a receive. */
async function countRoundTrips() {
  const client = new Redis(url)
  await once(client, 'ready')
  const sink = sinkTo(client, 'forwarding', 'round trips')
  await push(sink, await herd.snapshot())
  let trips = 0
  let isAnswered = true
  const { stream } = client
  const { write } = stream
  stream.write = (...args) => {
    if (isAnswered) trips++
    isAnswered = false
    return write.apply(stream, args)
  }
  stream.on('data', () => {
    isAnswered = true
  })
  const counts = []
  for (let i = 0; i < 10; i++) {
    change(1)
    trips = 0
    await push(sink, await herd.snapshot())
    counts.push(trips)
  }
  client.disconnect()
  return counts
}
