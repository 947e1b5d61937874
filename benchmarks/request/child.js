import { once } from 'node:events'
import { countedByOurs } from './counted.js'
import { memoryClient } from './memory-socket.js'

/**
 * One measurement: a fresh process that serves one variant, reports the CPU time of a request, and checks that the
 * variant counted every request. Its job is JSON in the first argument, and it reports over IPC. A job without a variant
 * is a quick run: the parent names one variant after the other, and this process serves them all.
 *
 * @typedef {{ server: import('node:http').Server, counted?: () => Promise<number> }} Variant
 * @typedef {{ framework: string, variant?: string, mode: 'memory' | 'socket', warmUp: number, requests: number }} Work
 * @typedef {Work & { listens?: boolean, preloaded?: boolean }} Job with `listens` the server has a port in memory mode too,
 * as a real server has; with `preloaded` the preload counts
 */

/** The number of concurrent requests, each on its own connection. */
export const CONNECTIONS = 32

/** The requests of every measurement, sent in turn: several paths of one route. */
export const REQUESTS = Array.from({ length: 64 }, (_, id) =>
  Buffer.from(
    `GET /users/${1000 + id} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`,
  ),
)

/** The time limit for a variant to count all responses: its listeners run after the last byte. */
const COUNT_DEADLINE_MS = 2000

if (process.send !== undefined && process.argv[2] !== undefined) await work(JSON.parse(process.argv[2]))

/** @param {Job} job */
async function work(job) {
  if (job.variant !== undefined) {
    process.send(await measure(job), () => process.exit())
    return
  }
  // Imported here only: a full run must not load more than its variant does.
  const { register } = await import('prom-client')
  for (;;) {
    const { variant } = await message()
    process.send(await measure({ ...job, variant }).catch(({ message }) => ({ error: message })))
    // Some variants register metrics of the same names.
    register.clear()
  }
}

/** @param {Job} job */
async function measure(job) {
  const { variants } = await import(`./${job.framework}.js`)
  const { server, counted = job.preloaded ? countedByOurs : undefined } = await variants[job.variant]()
  if (job.listens) await listening(server)
  const measured = await (job.mode === 'memory' ? inMemory(server, job) : overSocket(server, job))
  const count = counted === undefined ? measured.sent : await settledCount(counted, measured.sent)
  return { ...measured, count }
}

/** Reports when it is warm. Then it serves each slice that the parent requests, and reports the time of a request. */
async function inMemory(server, { warmUp }) {
  const client = memoryClient(server, REQUESTS, CONNECTIONS)
  // A garbage collection removes compiled code too, which has to be compiled again before the measurement.
  const half = Math.ceil(warmUp / 2)
  await client.send(half)
  globalThis.gc?.()
  await client.send(warmUp - half)
  let sent = warmUp
  process.send({ warm: true })
  for (;;) {
    const { slice } = await message()
    if (slice === undefined) return { sent }
    const before = process.cpuUsage()
    await client.send(slice)
    sent += slice
    process.send({ microseconds: microsecondsSince(before) / slice })
  }
}

/** The parent sends the load, and a message at the begin and at the end of the measurement. */
async function overSocket(server, { warmUp, requests }) {
  await listening(server)
  process.send({ port: server.address().port })
  await message()
  globalThis.gc?.()
  const before = process.cpuUsage()
  process.send({ begun: true })
  await message()
  return { microseconds: microsecondsSince(before) / requests, sent: warmUp + requests }
}

function listening(server) {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
}

/** The parent sends one message at a time, and waits for the reply. */
async function message() {
  const [received] = await once(process, 'message')
  return received
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
