import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startCluster } from '@promherd/core/cluster'
import client from 'prom-client'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'

/** A cluster whose workers serve requests and have the series, with the metrics port of its side. */

const settings = settingsOfThisProcess()
const serve = settings.side === 'promherd' ? withPromherd : withPromClient
const app = () => import('./app.js')

if (cluster.isPrimary) await lead()
else serve()

async function lead() {
  let ready = 0
  const allReady = new Promise(resolve => {
    cluster.on('message', (_, message) => {
      if (message.filled && ++ready === settings.workers) resolve(message.port)
    })
  })
  const { metricsPort, close } = await serve()
  const load = await clientOf('load', await allReady)
  const scraper = await clientOf('scrape', metricsPort)
  // The first scrape reads every name, and V8 has not yet optimized its code or that of the requests. So the measured
  // herd has served requests and scrapes for some time. prom-client is too slow for such a warm-up.
  await scrapedWhile(scraper, async () => {
    for (let turn = 0; turn < settings.warm_up_runs; turn++) await request(load, 'run')
  })
  const runs = []
  for (const scraped of settings.runs) {
    const measure = () => request(load, 'run')
    const run = scraped ? await scrapedWhile(scraper, measure) : { ...(await measure()), scrapes: 0, failed: 0 }
    runs.push({ scraped, ...run })
  }
  load.disconnect()
  scraper.disconnect()
  await close()
  answer({ runs })
}

async function scrapedWhile(scraper, act) {
  scraper.send('start')
  const measured = await act()
  return { ...measured, ...(await request(scraper, 'stop')) }
}

/** Sends a message to a client, and returns its reply. */
async function request(client, what) {
  const answered = once(client, 'message')
  client.send(what)
  const [message] = await answered
  return message
}

async function withPromherd() {
  const { workers } = settings
  const running = startCluster({ workers, metrics: { port: 0 } }, app)
  if (running === undefined) return undefined
  const { port } = await running.metrics.listening
  return { metricsPort: port, close: () => running.close() }
}

async function withPromClient() {
  if (cluster.isWorker) return app()
  const registry = new client.AggregatorRegistry()
  const workers = Array.from({ length: settings.workers }, () => cluster.fork())
  // As in the workers: a scraper may pause for some time.
  const server = createServer({ keepAliveTimeout: 100_000 }, (_, response) => {
    registry.clusterMetrics().then(
      text => response.end(text),
      () => response.writeHead(500).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.close()
    server.closeAllConnections()
    for (const worker of workers) worker.process.kill('SIGKILL')
    await Promise.all(workers.map(worker => once(worker, 'exit')))
  }
  return { metricsPort: server.address().port, close }
}

async function clientOf(mode, port) {
  const path = fileURLToPath(new URL('./client.js', import.meta.url))
  const client = fork(path, [JSON.stringify({ ...settings, mode, port })], { execArgv: ['--expose-gc'] })
  // If the primary exits, there is no response. An error is better than an endless wait.
  client.once('exit', code => code !== 0 && process.exit(1))
  await once(client, 'message')
  return client
}
