import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FAILING, isTriedEverLater } from './failing.ts'
import { startLoad, stopLoad } from './load.ts'
import { get, isAlive, type Running, startProcess, startReady, startShared, until } from './running.ts'

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

/** Ends the worker by a request, or from outside; answers how many requests it took. */
async function ask(running: Running, _pid: number, path: string): Promise<number> {
  await get(running.appUrl(path)).catch(() => {})
  return 1
}
async function abort(_running: Running, pid: number): Promise<number> {
  process.kill(pid, 'SIGABRT')
  return 0
}

describe('of one worker', () => {
  const shared = startShared(() => ({ options: { workers: 1 } }))

  test.each<[how: string, reason: string, end: (running: Running, worker: number, path: string) => Promise<number>]>([
    ['/exit?code=0', 'exit', ask],
    ['/exit?code=3', 'crash', ask],
    ['/abort', 'crash', ask],
    ['an abort that was sent from outside', 'crash', abort],
  ])('one that ends by %s is told as %s', async (how, reason, end) => {
    const running = await shared()
    const { pid, samples: before } = await until('a worker that answers', async () => {
      const answer = await get(running.appUrl()).catch(() => undefined)
      return answer && { pid: Number(answer.body.split(' ')[1]), samples: await running.scrape() }
    })
    const had = before.restarts[reason] ?? 0
    const requests = await end(running, pid, how)
    const after = await until(`one more ${reason}`, async () => {
      const samples = await running.scrape()
      return samples.restarts[reason] === had + 1 ? samples : undefined
    })
    expect(after.restarts).toEqual({ ...before.restarts, [reason]: had + 1 })
    await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
    expect((await running.scrape()).value('test_total')! - before.value('test_total')!).toBe(requests + 1)
  })
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

const HANGS: Readonly<Record<string, (running: Running) => Promise<unknown>>> = {
  'is blocked': async running => void get(running.appUrl('/block?ms=60000')).catch(() => {}),
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
  get(running.appUrl('/block?ms=60000'), { timeoutMs: 60_000 }).catch(() => {})
  const age = 'promherd_worker_heartbeat_age_seconds{worker="1"}'
  const hung = await until('8 s without a heartbeat', async () => {
    const samples = await running.scrape()
    return samples.value(age)! > 8 ? samples : undefined
  })
  expect(hung.value('promherd_worker_state{worker="1",state="hung"}')).toBe(1)
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
  const running = await startReady({ options: { maxRequests: 100, maxRequestsJitter: 25 } })
  const load = startLoad(new URL(running.appUrl()).port, 4)
  await until('two that are worn', async () => ((await running.scrape()).restarts['max_requests'] ?? 0) >= 2)
  const { received, broken, refused } = await stopLoad(load)
  await running.sees('promherd_stores{state="live"}', 3)
  const samples = await running.scrape()
  expect({ broken, refused }).toEqual({ broken: 0, refused: 0 })
  expect(samples.value('test_total')).toBe(received)
  expect(Object.keys(samples.restarts)).toEqual(['max_requests'])
  // None is replaced before it has served its share.
  expect(samples.restarts['max_requests']! * 100).toBeLessThanOrEqual(received)
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
