import { createServer } from 'node:http'
import { parentPort } from 'node:worker_threads'
import client from 'prom-client'

/** An application in a worker process or thread that counts with prom-client and exits on request. */
const labelNames = ['of']
const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames })
const collected = new client.Gauge({
  name: 'collected',
  help: 'How often it was collected, in each worker.',
  aggregator: 'max',
  collect() {
    this.inc()
  },
})
collected.set(0)

const ENDS = {
  '/exit': () => process.exit(0),
  '/throw': () => {
    throw new Error('thrown')
  },
}

const server = createServer((request, response) => {
  counter.inc({ of: request.url })
  response.end('counted')
  if (request.url !== '/') setImmediate(ENDS[request.url])
})
server.listen(0, '127.0.0.1', () => parentPort?.postMessage({ app: server.address().port }))
