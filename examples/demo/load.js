import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * The load generator, a process of its own: a fixed number of connections to the loopback, one request at a time on
 * each. It counts a response only when its last byte has come, and ends only when nothing is in flight, so that its
 * count is exact even when a worker dies in the middle of a response. (autocannon's is not: it goes on with the
 * parser of the broken connection, and drops what is in flight when it stops.) With a pause, each connection waits that
 * long after each response, so that the load leaves the processors to others.
 */
const [port, connections, pauseMs = 0] = process.argv.slice(2).map(Number)

const PATHS = [
  '/',
  '/items/1',
  '/api/v1/users/7',
  '/items/2',
  '/items/9', // A 404.
  '/api/v1/users/8',
  '/stream',
  '/items/1',
  '/error', // A 500.
  '/slow?ms=30',
]

/**
 * How long a request may go without an answer. Node never answers a connection that it has just handed to a worker
 * which dies: it is broken like any other.
 */
const TIMEOUT_MS = 2000

/** A connection is closed after so many requests, so that a new worker gets its share. */
const REQUESTS_PER_CONNECTION = 60

const tally = {
  /** Responses that came whole. */
  received: 0,
  /** Requests whose connection broke, or that were never answered. */
  broken: 0,
  /** Connections that were refused: no request was sent. */
  refused: 0,
}
let stopping = false

async function useConnection(first) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let n = first; !stopping; n++) {
    const isLast = n % REQUESTS_PER_CONNECTION === 0
    try {
      await exchange(PATHS[n % PATHS.length], agent, isLast)
      tally.received++
      if (pauseMs > 0) await delay(pauseMs)
    } catch (error) {
      if (error.code === 'ECONNREFUSED') tally.refused++
      else tally.broken++
      await delay(20)
    }
  }
  agent.destroy()
}

function exchange(path, agent, isLast) {
  const headers = isLast ? { connection: 'close' } : {}
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers }, response => {
      response.resume()
      response.on('error', reject)
      response.on('close', () => (response.complete ? resolve() : reject(new Error('the response broke off'))))
    })
      .on('error', reject)
      .setTimeout(TIMEOUT_MS, function abandon() {
        this.destroy(new Error('the request was never answered'))
      })
  })
}

const report = setInterval(() => process.send(tally), 250)
process.on('message', () => {
  stopping = true
})
process.on('disconnect', () => process.exit(stopping ? 0 : 1))

await Promise.all(Array.from({ length: connections }, (_, i) => useConnection(i * 7 + 1)))
clearInterval(report)
process.send({ ...tally, done: true }, () => process.disconnect())
