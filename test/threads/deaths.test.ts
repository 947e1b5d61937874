import { expect, test } from 'vitest'
import { FAILING, isTriedEverLater } from '../cluster/failing.ts'
import { get, until } from '../cluster/running.ts'
import { startListening, startThreads, threadsOf } from './running.ts'

/** Threads that end: why is told, what they have counted stays, and nothing of theirs is left behind. */

test('requests in flight in a thread that is terminated are lost, and counted nowhere else', async () => {
  const running = await startListening({ options: { threads: 1 } })
  const slow = Array.from({ length: 10 }, () => get(running.appUrl('/slow?ms=60000')).catch(() => 'broken'))
  await running.sees('http_requests_in_flight', 10)
  await running.call('terminate', 1)
  await running.sees('promherd_worker_lost_requests_total{worker="1"}', 10)
  const samples = await running.sees('http_requests_in_flight', 0)
  expect(samples.value('test_total')).toBe(10)
  expect(samples.text).not.toContain('http_requests_total{')
  expect(await Promise.all(slow)).toEqual(Array(10).fill('broken'))
})

test.each([
  ['/exit?code=0', 'exit', 'exit code 0', 0],
  ['/exit?code=3', 'crash', 'exit code 3', 0],
  ['/throw', 'crash', 'exit code 1', 1],
])('a thread that ends by %s is told as %s', async (path, reason, exit, errors) => {
  const running = await startListening({ options: { threads: 1 } })
  await get(running.appUrl(path)).catch(() => {})
  await running.sees(`promherd_worker_restarts_total{worker="1",reason="${reason}"}`, 1)
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
  const samples = await running.sees('test_total', 2)
  expect(samples.restarts).toEqual({ [reason]: 1 })
  expect(samples.value('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}')).toBe(errors)
  const [first] = threadsOf(running, 1)
  expect(running.stderr).toContain(`worker 1 (thread ${first}) ended by ${reason} (${exit}); another starts now.`)
  expect(running.stderr.includes('Error: thrown on purpose')).toBe(errors === 1)
})

test('a thread that ends of its own doing writes its last numbers, also where they are flushed', async () => {
  const running = await startListening({ options: { threads: 1 }, env: { PROMHERD_SLAB: 'flushed' } })
  await Promise.all(Array.from({ length: 20 }, () => get(running.appUrl('/slow?ms=10'))))
  await get(running.appUrl('/exit?code=0')).catch(() => {})
  await running.sees('promherd_worker_restarts_total{worker="1",reason="exit"}', 1)
  await running.sees('test_total', 21)
})

test('a thread whose heap is full is told as out of memory, and the process lives', async () => {
  const running = await startListening({ options: { threads: 2, resourceLimits: { maxOldGenerationSizeMb: 32 } } })
  await get(running.appUrl('/fill')).catch(() => {})
  await until('a restart', async () => (await running.scrape()).restarts['out_of_memory'] === 1)
  expect((await running.scrape()).restarts).toEqual({ out_of_memory: 1 })
  expect(running.stderr).toContain('ERR_WORKER_OUT_OF_MEMORY')
  expect((await get(running.appUrl())).status).toBe(200)
})

test('a thread that hangs is terminated and told as hung, and the other goes on', async () => {
  const running = await startListening({ options: { hangTimeoutMs: 2000 } })
  get(running.appUrl('/busy?ms=60000')).catch(() => {})
  const samples = await until('a restart', async () => {
    const samples = await running.scrape()
    return samples.restarts['hung'] === 1 ? samples : undefined
  })
  expect(samples.restarts).toEqual({ hung: 1 })
  expect(running.stderr).toMatch(/^promherd: worker [12] \(thread \d+\) ended by hung \(exit code 1\); another starts /)
  await running.sees('promherd_workers{state="running"}', 2)
  expect((await get(running.appUrl())).status).toBe(200)
})

test.each(FAILING)('an application that %s is tried ever later, and told of once', async (_, file, reason, exit) => {
  const entry = `../../cluster/fixtures/${file}`
  const start = () => startThreads({ options: { threads: 1, metrics: { port: 0 } }, env: { ENTRY: entry } })
  await isTriedEverLater(start, { kind: 'thread', entry, reason, exit })
})
