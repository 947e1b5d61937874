import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { serveGroup } from '@promherd/redis'
import { scrape, sum } from '../demo/numbers.js'
import { freePort } from '../demo/processes.js'
import { startHost, startRedis } from './processes.js'

/** Two hosts of two workers each on this machine, Redis, and the endpoint of their group. */

const READY_WITHIN_MS = 30_000
const started = []
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort())

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-example-redis-'))
  const redisPort = await freePort(0)
  const redis = `redis://127.0.0.1:${redisPort}`
  started.push(startRedis(redisPort, folder))
  const lines = [`Redis        ${redis}`]
  for (const instance of ['a', 'b']) {
    const [port, metricsPort] = [await freePort(0), await freePort(0)]
    const host = startHost({
      INSTANCE: instance,
      PORT: String(port),
      PROMETHEUS_BIND_ADDRESS: '127.0.0.1',
      PROMETHEUS_METRICS_PORT: String(metricsPort),
      PROMETHEUS_MULTIPROC_DIR: `${folder}-${instance}`,
      REDIS_URL: redis,
    })
    started.push(host)
    lines.push(
      `host ${instance}       http://127.0.0.1:${port}/, its own metrics http://127.0.0.1:${metricsPort}/metrics`,
    )
  }
  // A real program serves one of the two: `promherd exporter --redis ... --group shop` does the same.
  const byHost = await serve(redis, 'instance')
  const added = await serve(redis, 'sum')
  await untilReady(byHost)
  for (const line of lines) console.log(line)
  console.log(`group        ${byHost}, with a label \`instance\``)
  console.log(`the sum      ${added}`)
  console.log('Ctrl-C stops all of them.')
  await delay(2 ** 31 - 1, undefined, { signal: interrupted.signal })
}

async function serve(redis, aggregate) {
  const onWarning = () => {} // Redis is not ready at the first read.
  const server = serveGroup({ redis, group: 'shop', aggregate, port: 0, host: '127.0.0.1', onWarning })
  started.push({ stop: () => server.close() })
  return `${(await server.listening).url}/metrics`
}

/** Waits until all workers of both hosts are running, as the group reports them. */
async function untilReady(url) {
  const deadline = Date.now() + READY_WITHIN_MS
  while (!interrupted.signal.aborted) {
    const samples = await scrape(url).catch(() => [])
    if (sum(samples, 'promherd_workers', ({ state }) => state === 'running') === 4) return
    if (Date.now() > deadline) throw new Error(`The hosts were not ready within ${READY_WITHIN_MS / 1000} s.`)
    await delay(100)
  }
}

try {
  await main()
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(error.message)
    process.exitCode = 1
  }
} finally {
  // Redis last: the hosts send their final counts when they stop.
  for (const { stop } of started.reverse()) await stop()
}
