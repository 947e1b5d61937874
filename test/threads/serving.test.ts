import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { get, until } from '../cluster/running.ts'
import { startReady, startSharedThreads, startThreads } from './running.ts'

/** What threads share, and what each of them has for itself. */

const shared = startSharedThreads({ threads: 3 })

test('threads share a port, and each request is counted once by the thread that answered it', async () => {
  const running = await shared()
  expect(new Set(running.all('app')).size).toBe(1)
  const answered: Record<string, number> = {}
  await until('each to have answered something', async () => {
    const { body } = await get(running.appUrl())
    answered[body] = (answered[body] ?? 0) + 1
    return Object.keys(answered).length === 3
  })
  const sent = Object.values(answered).reduce((sum, count) => sum + count)
  const samples = await running.sees('http_requests_total{method="GET",route="_unknown",status_code="200"}', sent)
  expect(samples.value('test_total')).toBe(sent)
  for (const worker of ['1', '2', '3']) {
    expect(samples.value(`promherd_worker_requests_total{worker="${worker}"}`)).toBe(answered[worker])
  }
  expect(samples.value('promherd_workers{state="running"}')).toBe(3)
  expect(samples.value('promherd_workers_target')).toBe(3)
  expect(samples.value('promherd_stores{state="live"}')).toBe(4)
})

test('metrics of the process occur once, and metrics of a thread once for each thread', async () => {
  const running = await shared()
  const workersWith = (series: readonly string[], name: string): string[] =>
    series.flatMap(each => new RegExp(`^${name}\\{(?:.*,)?worker="(\\d+)"`).exec(each)?.[1] ?? []).sort()
  const of = await until('all figures', async () => {
    const { series } = await running.scrape()
    const found = Object.fromEntries([...OF_THE_PROCESS, ...OF_A_THREAD].map(name => [name, workersWith(series, name)]))
    return Object.values(found).every(workers => workers.length > 0) &&
      found['promherd_worker_event_loop_utilization_ratio']!.length === 3
      ? found
      : undefined
  })
  expect(of).toEqual({
    ...Object.fromEntries(OF_THE_PROCESS.map(name => [name, ['0']])),
    ...Object.fromEntries(OF_A_THREAD.map(name => [name, ['1', '2', '3']])),
  })
})

const OF_THE_PROCESS = [
  'promherd_worker_cpu_seconds_total',
  'promherd_worker_cpu_utilization_ratio',
  'promherd_worker_resident_memory_bytes',
]
const OF_A_THREAD = [
  'promherd_worker_heap_used_bytes',
  'promherd_worker_heap_limit_bytes',
  'promherd_worker_event_loop_utilization_ratio',
  'promherd_worker_heartbeat_age_seconds',
  'promherd_worker_start_time_seconds',
  'promherd_worker_uptime_seconds',
  'promherd_worker_info',
]

test('the CPU time of the process is the sum of its threads', async () => {
  const running = await shared()
  const cpu = 'promherd_worker_cpu_seconds_total{worker="0"}'
  const before = (await running.scrape()).value(cpu)!
  // One thread works, and the main thread, which reads the figure, does not.
  await get(running.appUrl('/busy?ms=1000'))
  const after = (await running.scrape()).value(cpu)!
  // The other core may be busy: at least a tenth of that second was this thread's.
  expect(after - before).toBeGreaterThan(0.1)
})

test('a port that is in use causes the error of Node in each thread', async () => {
  const other = createServer()
  const port = await new Promise<number>(resolve => {
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port))
  })
  onTestFinished(() => void other.close())
  const running = startThreads({
    options: { threads: 2, metrics: { port: 0 } },
    env: { APP_PORT: String(port) },
  })
  const message = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`
  await until('both errors', () => running.stderr.split(`Error: ${message}`).length > 2)
  await running.said('metrics')
  await running.sees('promherd_worker_uncaught_errors_total{origin="uncaught_exception",worker="1"}', 1)
})

test('threads that never listen are running once their entry has run, and count their work', async () => {
  const running = await startReady({ options: { waitForListen: false }, env: { ENTRY: './computing.mjs' } })
  for (const [worker, number] of [
    [1, 5],
    [2, 7],
    [1, 6],
  ]) {
    await running.call('send', worker, { square: number })
  }
  await until('three answers', () => running.all('square').length === 3)
  expect([...running.all('square')].sort()).toEqual([25, 36, 49])
  const samples = await running.sees('test_squares_total', 3)
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  expect(await running.call('reload')).toBe(true)
  await running.call('send', 2, { square: 8 })
  await until('a fourth', () => running.all('square').length === 4)
  expect((await running.sees('test_squares_total', 4)).restarts).toEqual({ reload: 2 })
  expect(running.stderr).toBe('')
})
