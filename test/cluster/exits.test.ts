import { describe, expect, test } from 'vitest'
import { isTriedEverLater } from './failing.ts'
import { startLoad, stopLoad } from './load.ts'
import { get, startProcess, startReady, startShared, until } from './running.ts'

test('a killed worker is replaced in its slot, and the sum never decreases', async () => {
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

describe('a cluster of one worker', () => {
  const shared = startShared(() => ({ options: { workers: 1 } }))

  // What each code and signal means is in packages/core/src/cluster/restarts.test.ts.
  test.each([
    ['/exit?code=0', 'exit'],
    ['/abort', 'crash'],
  ])('an exit by %s is reported with the reason %s', async (how, reason) => {
    const running = await shared()
    const before = await until('a worker that answers', async () => {
      const answer = await get(running.appUrl()).catch(() => undefined)
      return answer && (await running.scrape())
    })
    await get(running.appUrl(how)).catch(() => {})
    const after = await running.sees(`promherd_worker_restarts_total{worker="1",reason="${reason}"}`, 1)
    expect(after.restarts).toEqual({ ...before.restarts, [reason]: 1 })
    await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
    expect((await running.scrape()).value('test_total')! - before.value('test_total')!).toBe(2)
  })
})

test('a worker whose heap is full is reported as out of memory', async () => {
  const running = await startReady({
    options: { workers: 1 },
    env: { NODE_OPTIONS: '--max-old-space-size=48' },
  })
  await get(running.appUrl('/fill')).catch(() => {})
  const samples = await running.sees('promherd_worker_restarts_total{worker="1",reason="out_of_memory"}', 1)
  expect(samples.restarts).toEqual({ out_of_memory: 1 })
  expect(running.stderr).toContain('JavaScript heap out of memory')
})

test('a worker that is blocked or was stopped is ended and reported as hung', async () => {
  const running = await startReady({ options: { workers: 1, hangTimeoutMs: 2000 } })
  const hangs: readonly (readonly [hang: () => Promise<unknown>, signal: string])[] = [
    [async () => void get(running.appUrl('/block?ms=60000')).catch(() => {}), 'SIGABRT'],
    [async () => process.kill((await running.pidOf(1))!, 'SIGSTOP'), 'SIGKILL'],
  ]
  for (const [i, [hang, signal]] of hangs.entries()) {
    await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
    await hang()
    const samples = await running.sees('promherd_worker_restarts_total{worker="1",reason="hung"}', i + 1)
    expect(samples.restarts).toEqual({ hung: i + 1 })
    expect(running.stderr).toMatch(
      new RegExp(
        `^promherd: worker 1 \\(process \\d+\\) was ended by ${signal} \\(hung\\); a replacement starts (now|in 100 ms)`,
        'm',
      ),
    )
  }
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
})

test('requests in flight in a worker that is killed are counted as lost, and nowhere else', async () => {
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

test('a worker that reaches its request limit is replaced, and no request fails', async () => {
  const running = await startReady({ options: { maxRequests: 100, maxRequestsJitter: 25 } })
  const load = startLoad(new URL(running.appUrl()).port, 4)
  await until(
    'two workers that have reached their limit',
    async () => ((await running.scrape()).restarts['max_requests'] ?? 0) >= 2,
  )
  const { received, broken, refused } = await stopLoad(load)
  await running.sees('promherd_stores{state="live"}', 3)
  const samples = await running.scrape()
  expect({ broken, refused }).toEqual({ broken: 0, refused: 0 })
  expect(samples.value('test_total')).toBe(received)
  expect(Object.keys(samples.restarts)).toEqual(['max_requests'])
  // None is replaced before it has served its share.
  expect(samples.restarts['max_requests']! * 100).toBeLessThanOrEqual(received)
}, 60_000)

test('an application that throws is started again after increasing delays, and logged once', async () => {
  const start = () => startProcess({ options: { workers: 1, metrics: { port: 0 } }, env: { ENTRY: './broken.mjs' } })
  await isTriedEverLater(start, 'process')
})
