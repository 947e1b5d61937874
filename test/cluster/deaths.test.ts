import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, isAlive, startProcess, startReady, until } from './running.ts'

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
  ['/abort', 'out_of_memory'],
])('a worker that ends by %s is told as %s', async (path, reason) => {
  const running = await startReady({ options: { workers: 1 } })
  await get(running.appUrl(path)).catch(() => {})
  const series = `promherd_worker_restarts_total{worker="1",reason="${reason}"}`
  await until(series, async () => (await running.scrape()).value(series) === 1)
  await until('an answer', async () => (await get(running.appUrl()).catch(() => undefined))?.status === 200)
  expect((await running.scrape()).value('test_total')).toBe(2)
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
