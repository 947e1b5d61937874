import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ROOT, startProcess } from '../support/process.ts'
import { scrape, sum } from '../support/samples.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'

beforeEach(context => needs(context, 'redis-server'))

test('the example serves both hosts by instance and as a sum, exact to the request, and stops all that it started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const example = await startProcess(process.execPath, ['index.js'], {
    cwd: join(ROOT, 'examples/redis'),
    env: { PROMETHEUS_MULTIPROC_DIR: undefined, TMPDIR: folder },
  })
  onTestFinished(async () => void (await example.stop()))
  await until(() => example.output().includes('Ctrl-C'), { what: 'the example', deadlineMs: 60_000 }).catch(error => {
    throw new Error(`${error.message}\n${example.output()}`)
  })
  const urls = [...example.output().matchAll(/(?:redis|http):\/\/[\w.:/]+/g)].map(([url]) => url)
  const [redis, a, , b, , group, total] = urls as [string, string, string, string, string, string, string]
  await request(a, 5, 'host a')
  await request(b, 3, 'host b')
  await until(async () => sum(await scrape(total), 'http_requests_total') === 8, { what: '8 requests in the sum' })
  const samples = await scrape(group)
  expect(sum(samples, 'http_requests_total', { instance: 'a' })).toBe(5)
  expect(sum(samples, 'http_requests_total', { instance: 'b' })).toBe(3)
  expect(readdirSync(folder).length).toBe(3)
  expect((await example.stop('SIGTERM', 30_000)).code).toBe(0)
  expect(readdirSync(folder)).toEqual([])
  await expect(fetch(redis.replace('redis', 'http'))).rejects.toThrow()
  await expect(fetch(a)).rejects.toThrow()
})

async function request(url: string, count: number, expected: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const response = await fetch(url, { headers: { connection: 'close' } })
    expect(await response.text()).toContain(expected)
  }
}
