import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT, startProcess } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'

/** What the README of the example promises. */

test('the threads example counts the results of all threads, including a thread that has exited', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const running = await startProcess(process.execPath, ['threads.js'], {
    cwd: join(ROOT, 'examples/threads'),
    env: {
      PROMETHEUS_MULTIPROC_DIR: undefined,
      PORT: String(port),
      PROMETHEUS_METRICS_PORT: String(metricsPort),
      WEB_CONCURRENCY: '2',
    },
  })
  onTestFinished(() => running.stop().then(() => {}))
  const look = () => scrape(`http://127.0.0.1:${metricsPort}/metrics`)
  const ask = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    return (await response.json()) as Record<string, unknown>
  }
  const isUp = async () => sum(await look(), 'promherd_workers', { state: 'running' }) === 2
  await until(isUp, { what: 'both threads' })
  // There are 168 primes below 1000.
  for (let i = 0; i < 3; i++) expect(await ask('/primes?below=1000')).toMatchObject({ found: 168 })
  await until(async () => sum(await look(), 'primes_found_total') === 504, { what: 'three counts' })
  const { ends } = await ask('/exit')
  await until(
    async () => sum(await look(), 'promherd_worker_restarts_total', { worker: String(ends), reason: 'crash' }) === 1,
    { what: 'another thread' },
  )
  await until(isUp, { what: 'both threads again' })
  await ask('/primes?below=1000')
  await until(async () => sum(await look(), 'primes_found_total') === 672, { what: 'all counts' })
})
