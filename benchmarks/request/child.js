import { spread } from '../lib/report.js'
import { countedByOurs } from './counted.js'
import { memoryClient } from './memory-socket.js'

/**
 * One measurement: a fresh process that serves one variant, answers how much CPU a request took, and checks that the
 * variant counted every request. Its work comes as JSON in the first argument, its answers go over IPC.
 *
 * @typedef {{ server: import('node:http').Server, counted?: () => Promise<number> }} Variant
 * @typedef {{ framework: string, variant: string, mode: 'memory' | 'socket', warmUp: number, requests: number }} Work
 * @typedef {Work & { listens?: boolean, preloaded?: boolean }} Job one that `listens` has a port also in memory, as who is
 * served has one; what is `preloaded` is counted by the preload
 */

/** Requests that are under way at once, each on a connection of its own. */
export const CONNECTIONS = 32

/** The requests of every measurement, sent in turn: several paths of one route. */
export const REQUESTS = Array.from({ length: 64 }, (_, id) =>
  Buffer.from(
    `GET /users/${1000 + id} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`,
  ),
)

/** The parts of a measurement in memory. */
const SLICES = 10

/** How long a variant may take to count what was answered: its listeners run after the last byte. */
const COUNT_DEADLINE_MS = 2000

if (process.send !== undefined && process.argv[2] !== undefined) await measure(JSON.parse(process.argv[2]))

/** @param {Job} job */
async function measure(job) {
  const { variants } = await import(`./${job.framework}.js`)
  const { server, counted = job.preloaded ? countedByOurs : undefined } = await variants[job.variant]()
  if (job.listens) await listening(server)
  const microseconds = await (job.mode === 'memory' ? inMemory(server, job) : overSocket(server, job))
  const sent = job.warmUp + job.requests
  const count = counted === undefined ? sent : await settledCount(counted, sent)
  process.send({ microseconds, sent, count }, () => process.exit())
}

async function inMemory(server, { warmUp, requests }) {
  const client = memoryClient(server, REQUESTS, CONNECTIONS)
  // What is collected here takes compiled code with it, which has to be made again before anything is measured.
  const half = Math.ceil(warmUp / 2)
  await client.send(half)
  globalThis.gc?.()
  await client.send(warmUp - half)
  const size = Math.ceil(requests / SLICES)
  const slices = []
  for (let left = requests; left > 0; left -= size) {
    const count = Math.min(size, left)
    const before = process.cpuUsage()
    await client.send(count)
    slices.push(microsecondsSince(before) / count)
  }
  return spread(slices).value
}

/** The parent sends the load, and says when to begin and to end the measurement. */
async function overSocket(server, { requests }) {
  await listening(server)
  process.send({ port: server.address().port })
  await message('begin')
  globalThis.gc?.()
  const before = process.cpuUsage()
  process.send({ begun: true })
  await message('end')
  return microsecondsSince(before) / requests
}

function listening(server) {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
}

function message(expected) {
  return new Promise(resolve => {
    process.on('message', function listener(received) {
      if (received !== expected) return
      process.off('message', listener)
      resolve()
    })
  })
}

function microsecondsSince(before) {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function settledCount(counted, expected) {
  const deadline = Date.now() + COUNT_DEADLINE_MS
  let count = await counted()
  while (count !== expected && Date.now() < deadline) {
    await new Promise(resolve => setImmediate(resolve))
    count = await counted()
  }
  return count
}
