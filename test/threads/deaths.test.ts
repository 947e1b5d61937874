import { expect, test } from 'vitest'
import { FAILING, isTriedEverLater } from '../cluster/failing.ts'
import { startLoad, stopLoad } from '../cluster/load.ts'
import { get, type Running, until } from '../cluster/running.ts'
import { parseText, sum } from '../support/samples.ts'
import { filesOf, settled, startListening, startThreads, threadsOf } from './running.ts'

/** Threads that end: why is told, what they have counted stays, and nothing of theirs is left behind. */

// So many that none of them ends often enough for its replacement to be held back for long.
const THREADS = 5

test.each([
  ['mapped', 50],
  ['flushed', 20],
])(
  'no count falls on the %s slab over %i terminations under load',
  async (slab, terminations) => {
    const running = await startListening({ options: { threads: THREADS }, env: { PROMHERD_SLAB: slab } })
    const load = startLoad(new URL(running.appUrl()).port, 12)
    const own = { received: 0, broken: 0 }
    const totals: number[] = []
    for (let i = 0; i < terminations; i++) {
      const worker = (i % THREADS) + 1
      await answers(running, worker, own)
      await running.call('terminate', worker)
      await until('another in its place', async () => {
        const samples = await running.scrape()
        totals.push(samples.value('test_total')!)
        return samples.restarts['killed'] === i + 1
      })
    }
    const tally = await stopLoad(load)
    const [received, broken] = [tally.received + own.received, tally.broken + own.broken]
    await running.sees('promherd_stores{state="live"}', THREADS + 1)
    const counted = await settled(running, 'test_total')
    const samples = await running.scrape()
    expect(totals).toEqual([...totals].sort((a, b) => a - b))
    expect(samples.restarts).toEqual({ killed: terminations })
    expect(samples.value('promherd_stores{state="retired"}')).toBe(terminations)
    // An answer is counted after its last byte has left: by then, or in flight and told as lost. What broke off may not
    // have reached the application at all.
    if (slab === 'mapped') {
      const all = parseText(samples.text)
      const recorded = sum(all, 'http_requests_total') + sum(all, 'promherd_worker_lost_requests_total')
      expect(recorded).toBeGreaterThanOrEqual(received)
      expect(recorded).toBeLessThanOrEqual(received + broken)
    }
    // Each answer that came whole was counted before it was sent; one that broke off may have been counted, or not.
    if (slab === 'mapped') expect(counted).toBeGreaterThanOrEqual(received)
    expect(counted).toBeLessThanOrEqual(received + broken)
    expect(counted).toBeGreaterThan(terminations)
  },
  120_000,
)

/** Asks until the worker in a slot, which runs, has answered something. */
async function answers(running: Running, worker: number, own: { received: number; broken: number }): Promise<void> {
  await until(`worker ${worker} to answer`, async () => {
    const workers = (await running.call('workers')) as { state: string }[]
    const answer = await get(running.appUrl(), { timeoutMs: 2000 }).catch(() => undefined)
    if (answer === undefined) own.broken++
    else own.received++
    return workers[worker - 1]?.state === 'running' && answer?.body === String(worker)
  })
}

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

test('forty restarts leave the same series, and neither files nor memory of them', async () => {
  const running = await startListening({ options: { threads: 4 } })
  const measured = async () => {
    const samples = await until('two samples of each worker, which a ratio takes', async () => {
      for (let i = 0; i < 20; i++) await get(running.appUrl())
      const samples = await running.scrape()
      const ratios = samples.series.filter(series => series.startsWith('promherd_worker_event_loop_utilization_ratio'))
      const requests = samples.series.filter(series => series.startsWith('promherd_worker_requests_total'))
      return ratios.length === 4 && requests.length === 4 ? samples : undefined
    })
    return { samples, files: filesOf(running.pid) }
  }
  const before = await measured()
  for (let i = 0; i < 10; i++) expect(await running.call('reload')).toBe(true)
  const after = await measured()
  expect(after.samples.restarts).toEqual({ reload: 40 })
  expect(after.samples.series).toEqual(before.samples.series)
  expect(after.files.mapped).toBe(before.files.mapped)
  // What the scrapes have open varies by a few; forty threads would leave forty at least.
  expect(after.files.open).toBeLessThan(before.files.open + 20)
}, 180_000)
