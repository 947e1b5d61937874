import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FAILING, isTriedEverLater } from './failing.ts'
import { startLoad, stopLoad } from './load.ts'
import { get, isAlive, type Running, startProcess, startReady, until } from './running.ts'

test('a killed worker is replaced in its slot, and the sum never falls', async () => {
  const running = await startReady()
  const totals: number[] = []
  let sent = 0
  const victim = await until('worker 1', () => running.pidOf(1))
  const load = async () => {
    // A request that meets the dying worker fails, or is never answered where Node has just handed its connection over.
    await get(running.appUrl(), { timeoutMs: 2000 }).then(
      () => sent++,
      () => {},
    )
    totals.push((await running.scrape()).value('test_total')!)
  }
  for (let i = 0; i < 20; i++) await load()
  process.kill(victim, 'SIGKILL')
  const next = await until('a new worker 1', async () => {
    await load()
    const pid = await running.pidOf(1)
    return pid !== victim && (await running.scrape()).value('promherd_workers{state="running"}') === 2 ? pid : undefined
  })
  for (let i = 0; i < 20; i++) await load()
  expect(next).not.toBe(victim)
  expect(totals).toEqual([...totals].sort((a, b) => a - b))
  expect(totals.at(-1)).toBeGreaterThanOrEqual(sent)
  const samples = await running.scrape()
  expect(samples.value('promherd_worker_restarts_total{worker="1",reason="killed"}')).toBe(1)
  expect(samples.value('promherd_worker_restarts_total{worker="2",reason="killed"}')).toBe(0)
  expect(samples.value('promherd_stores{state="retired"}')).toBe(1)
})

test.each([
  ['/exit?code=0', 'exit'],
  ['/exit?code=3', 'crash'],
  ['/abort', 'crash'],
])('a worker that ends by %s is told as %s', async (path, reason) => {
  const running = await startReady({ options: { workers: 1 } })
  await get(running.appUrl(path)).catch(() => {})
  const series = `promherd_worker_restarts_total{worker="1",reason="${reason}"}`
  await until(series, async () => (await running.scrape()).value(series) === 1)
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
  const samples = await running.scrape()
  expect(samples.value('test_total')).toBe(2)
  expect(samples.restarts).toEqual({ [reason]: 1 })
})

test('a worker whose heap is full is told as out of memory', async () => {
  const running = await startReady({
    options: { workers: 1 },
    env: { NODE_OPTIONS: '--max-old-space-size=48' },
  })
  await get(running.appUrl('/fill')).catch(() => {})
  const samples = await running.sees('promherd_worker_restarts_total{worker="1",reason="out_of_memory"}', 1)
  expect(samples.restarts).toEqual({ out_of_memory: 1 })
  expect(running.stderr).toContain('JavaScript heap out of memory')
})

test('an abort that was sent from outside is a crash', async () => {
  const running = await startReady({ options: { workers: 1 } })
  process.kill((await running.pidOf(1))!, 'SIGABRT')
  const samples = await running.sees('promherd_worker_restarts_total{worker="1",reason="crash"}', 1)
  expect(samples.restarts).toEqual({ crash: 1 })
})

const HANGS: Readonly<Record<string, (running: Running) => Promise<unknown>>> = {
  'is blocked': async running => void get(running.appUrl('/busy?ms=60000')).catch(() => {}),
  'was stopped': async running => process.kill((await running.pidOf(1))!, 'SIGSTOP'),
}

test.each([
  ['is blocked', 'SIGABRT'],
  ['was stopped', 'SIGKILL'],
])('a worker that %s is ended and told as hung', async (how, signal) => {
  const running = await startReady({ options: { workers: 1, hangTimeoutMs: 2000 } })
  await HANGS[how]!(running)
  const samples = await running.sees('promherd_worker_restarts_total{worker="1",reason="hung"}', 1)
  expect(samples.restarts).toEqual({ hung: 1 })
  expect(running.stderr).toMatch(
    new RegExp(`^promherd: worker 1 \\(process \\d+\\) ended by hung \\(${signal}\\); another starts (now|in 100 ms)`),
  )
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
})

test('with a hang timeout of 0 a worker may hang', async () => {
  const running = await startReady({ options: { workers: 1, hangTimeoutMs: 0 } })
  const pid = await running.pidOf(1)
  await get(running.appUrl('/busy?ms=8000'))
  expect(await running.pidOf(1)).toBe(pid)
  expect((await running.scrape()).restarts).toEqual({})
})

test('requests in flight in a worker that dies are lost, and counted nowhere else', async () => {
  const running = await startReady()
  const slow = Array.from({ length: 10 }, () => get(running.appUrl('/slow?ms=60000')).catch(() => 'broken'))
  const before = await running.sees('http_requests_in_flight', 10)
  process.kill((await running.pidOf(1))!, 'SIGKILL')
  const lost = 'promherd_worker_lost_requests_total{worker="1"}'
  expect(before.value(lost)).toBe(0)
  const one = await until('the lost', async () => {
    const samples = await running.scrape()
    return samples.value(lost) === 0 ? undefined : samples
  })
  expect(one.value(lost)! + one.value('http_requests_in_flight')!).toBe(10)
  process.kill((await running.pidOf(2))!, 'SIGKILL')
  await running.sees('http_requests_in_flight', 0)
  const both = await running.scrape()
  expect(both.value(lost)! + both.value('promherd_worker_lost_requests_total{worker="2"}')!).toBe(10)
  expect(both.text).not.toContain('http_requests_total{')
  expect(await Promise.all(slow)).toEqual(Array(10).fill('broken'))
})

test('a worker that has served as many requests as it should is replaced, and no request fails', async () => {
  const running = await startReady({ options: { maxRequests: 200, maxRequestsJitter: 50 } })
  const load = startLoad(new URL(running.appUrl()).port, 8)
  await until('four that are worn', async () => ((await running.scrape()).restarts['max_requests'] ?? 0) >= 4)
  const { received, broken, refused } = await stopLoad(load)
  await running.sees('promherd_stores{state="live"}', 3)
  const samples = await running.scrape()
  expect({ broken, refused }).toEqual({ broken: 0, refused: 0 })
  expect(samples.value('test_total')).toBe(received)
  expect(Object.keys(samples.restarts)).toEqual(['max_requests'])
  // None is replaced before it has served its share.
  expect(samples.restarts['max_requests']! * 200).toBeLessThanOrEqual(received)
}, 60_000)

test.each(FAILING)('an application that %s is tried ever later, and told of once', async (_, file, reason, exit) => {
  const entry = `./${file}`
  const start = () => startProcess({ options: { workers: 1, metrics: { port: 0 } }, env: { ENTRY: entry } })
  await isTriedEverLater(start, { kind: 'process', entry, reason, exit })
})

test('workers end when their primary is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const running = await startReady({ options: { metrics: { port: 0, directory } } })
  const pids = (running.all('ready')[0] as { pid: number }[]).map(({ pid }) => pid)
  expect(pids.map(isAlive)).toEqual([true, true])
  running.signal('SIGKILL')
  await until('the end of the workers', () => !pids.some(isAlive))
})
