import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { get, startProcess, startReady, until } from './running.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

test('the primary waits for a metrics port that another process uses, while the application serves', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const running = startProcess({ options: { workers: 1, metrics: { port } } })
  await running.said('app')
  const message = `Expected port ${port} on 127.0.0.1 to be free for the metrics, but another process has it.`
  await until('a word', () => running.stderr.includes(message))
  // Tried again after 250 ms, 500 ms and 1 s at most.
  for (let served = 0; served < 20; served++) {
    expect((await get(running.appUrl())).status).toBe(200)
    await delay(100)
  }
  other.close()
  expect(await running.said('metrics')).toEqual({ port, host: '127.0.0.1', url: `http://127.0.0.1:${port}` })
  expect((await running.scrape()).value('test_total')).toBe(20)
  const lines = running.stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(message)
})

test.each([
  ['WEB_CONCURRENCY', 'many', "Expected `WEB_CONCURRENCY` to be an integer from 1 to 1024, but got 'many'."],
  ['GUNICORN_WORKERS', '0', 'Expected `GUNICORN_WORKERS` to be an integer from 1 to 1024, but got 0.'],
  ['PROMETHEUS_METRICS_PORT', '70000', 'Expected `PROMETHEUS_METRICS_PORT` to be an integer from 0 to 65535'],
])('%s=%s is rejected, and the error names the variable', async (name, value, message) => {
  const running = startProcess({ env: { [name]: value } })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr).toContain(message)
})

test('WEB_CONCURRENCY is the number of workers, and overrides GUNICORN_WORKERS', async () => {
  const running = startProcess({
    options: { metrics: { port: 0 } },
    env: { WEB_CONCURRENCY: '1', GUNICORN_WORKERS: '3' },
  })
  expect(await running.said('ready')).toHaveLength(1)
})

test('a path that is not a directory is rejected with one error', async () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  const running = startProcess({ options: { metrics: { port: 0, directory: file } } })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr).toContain(`Expected a directory that this process can write, but \`${file}\` is not`)
  expect(running.stderr).toContain("code: 'ERR_PROMHERD_DIRECTORY'")
})

test('files that an earlier cluster left in the directory are not counted', async () => {
  const directory = temporaryDirectory()
  const start = { options: { workers: 1, metrics: { port: 0, directory } } }
  const first = await startReady(start)
  await get(first.appUrl())
  expect((await first.scrape()).value('test_total')).toBe(1)
  first.signal('SIGKILL')
  await first.ended
  const second = await startReady(start)
  expect((await second.scrape()).value('test_total')).toBe(0)
})
