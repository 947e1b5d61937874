import { expect, test } from 'vitest'
import { isTriedEverLater } from '../cluster/failing.ts'
import { get, type Running, until } from '../cluster/running.ts'
import { startListening, startThreads, threadsOf } from './running.ts'

/** Threads that exit: the reason is reported, their counts stay, and none of their files are left. */

test('requests in flight in a thread that is terminated are counted as lost, and nowhere else', async () => {
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

test('a thread that throws is reported as a crash, with its error', async () => {
  const running = await startListening({ options: { threads: 1 } })
  await get(running.appUrl('/throw')).catch(() => {})
  await endedBy(running, 'crash', 'exited with code 1')
  const samples = await running.sees('test_total', 2)
  expect(samples.value('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}')).toBe(1)
  expect(running.stderr).toContain('Error: thrown on purpose')
})

test('a thread that exits by itself is reported as an exit, and writes its last values with the file storage', async () => {
  const running = await startListening({ options: { threads: 1 }, env: { PROMHERD_STORAGE: 'file' } })
  await Promise.all(Array.from({ length: 20 }, () => get(running.appUrl('/slow?ms=10'))))
  await get(running.appUrl('/exit?code=0')).catch(() => {})
  await endedBy(running, 'exit', 'exited with code 0')
  const samples = await running.sees('test_total', 22)
  expect(samples.value('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}')).toBe(0)
})

/** Waits until the only thread has exited for a reason and another one has answered a request. */
async function endedBy(running: Running, reason: string, exit: string): Promise<void> {
  await running.sees(`promherd_worker_restarts_total{worker="1",reason="${reason}"}`, 1)
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
  expect((await running.scrape()).restarts).toEqual({ [reason]: 1 })
  const [first] = threadsOf(running, 1)
  expect(running.stderr).toContain(`worker 1 (thread ${first}) ${exit} (${reason}); a replacement starts now.`)
}

test('a thread whose heap is full is reported as out of memory, and the process keeps running', async () => {
  const running = await startListening({ options: { threads: 2, resourceLimits: { maxOldGenerationSizeMb: 32 } } })
  await get(running.appUrl('/fill')).catch(() => {})
  await until('a restart', async () => (await running.scrape()).restarts['out_of_memory'] === 1)
  expect((await running.scrape()).restarts).toEqual({ out_of_memory: 1 })
  expect(running.stderr).toContain('ERR_WORKER_OUT_OF_MEMORY')
  expect((await get(running.appUrl())).status).toBe(200)
})

test('a thread that hangs is terminated and reported as hung, and the other thread keeps running', async () => {
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

test('an application that throws is started again after increasing delays, and logged once', async () => {
  const entry = '../../cluster/fixtures/broken.mjs'
  const start = () => startThreads({ options: { threads: 1, metrics: { port: 0 } }, env: { ENTRY: entry } })
  await isTriedEverLater(start, 'thread')
})
