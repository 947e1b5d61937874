import { expect, test } from 'vitest'
import { isTriedEverLater } from '../cluster/failing.ts'
import { get, type Running, until } from '../cluster/running.ts'
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

test('a thread that fails is told as a crash, with what it threw', async () => {
  const running = await startListening({ options: { threads: 1 } })
  await get(running.appUrl('/throw')).catch(() => {})
  await endedBy(running, 'crash', 'exited with code 1')
  const samples = await running.sees('test_total', 2)
  expect(samples.value('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}')).toBe(1)
  expect(running.stderr).toContain('Error: thrown on purpose')
})

test('a thread that ends of its own doing is told so, and writes its last numbers also where they are flushed', async () => {
  const running = await startListening({ options: { threads: 1 }, env: { PROMHERD_STORAGE: 'file' } })
  await Promise.all(Array.from({ length: 20 }, () => get(running.appUrl('/slow?ms=10'))))
  await get(running.appUrl('/exit?code=0')).catch(() => {})
  await endedBy(running, 'exit', 'exited with code 0')
  const samples = await running.sees('test_total', 22)
  expect(samples.value('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}')).toBe(0)
})

/** Waits until the only thread has ended for a reason and another one has answered a request. */
async function endedBy(running: Running, reason: string, exit: string): Promise<void> {
  await running.sees(`promherd_worker_restarts_total{worker="1",reason="${reason}"}`, 1)
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
  expect((await running.scrape()).restarts).toEqual({ [reason]: 1 })
  const [first] = threadsOf(running, 1)
  expect(running.stderr).toContain(`worker 1 (thread ${first}) ${exit} (${reason}); a replacement starts now.`)
}

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
  get(running.appUrl('/block?ms=60000')).catch(() => {})
  const samples = await until('a restart', async () => {
    const samples = await running.scrape()
    return samples.restarts['hung'] === 1 ? samples : undefined
  })
  expect(samples.restarts).toEqual({ hung: 1 })
  expect(running.stderr).toMatch(
    /^promherd: worker [12] \(thread \d+\) exited with code 1 \(hung\); a replacement starts /,
  )
  await running.sees('promherd_workers{state="running"}', 2)
  expect((await get(running.appUrl())).status).toBe(200)
})

test('an application that throws is tried ever later, and told of once', async () => {
  const entry = '../../cluster/fixtures/broken.mjs'
  const start = () => startThreads({ options: { threads: 1, metrics: { port: 0 } }, env: { ENTRY: entry } })
  await isTriedEverLater(start, 'thread')
})
