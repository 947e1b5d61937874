import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * The load generator, a separate process: a fixed number of connections to the loopback interface, with one request at a
 * time on each. It counts a response when its last byte has arrived, and stops only when no request is in flight, so its
 * count is exact even if a worker is killed during a response. (autocannon is not exact: it continues with the parser of
 * the closed connection, and drops open requests when it stops.) With a pause, each connection waits for that time after
 * each response, so that the load leaves CPU time to other processes.
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
 * The timeout of a request. If Node has just passed a connection to a worker that is then killed, there is no response:
 * it counts as a closed connection.
 */
const TIMEOUT_MS = 2000

/** A connection is closed after this number of requests, so that a new worker receives some. */
const REQUESTS_PER_CONNECTION = 60

const tally = {
  /** Complete responses. */
  received: 0,
  /** Requests whose connection was closed, or that got no response. */
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
