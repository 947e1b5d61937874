import { expect, test } from 'vitest'
import { startReady } from './running.ts'

test('SIGTTIN adds a worker, and SIGTTOU removes one, but never the last', async () => {
  const running = await startReady({ options: { workers: 1 } })
  running.signal('SIGTTIN')
  await running.sees('promherd_workers{state="running"}', 2)
  expect((await running.scrape()).value('promherd_workers_target')).toBe(2)
  running.signal('SIGTTOU')
  await running.sees('promherd_workers_target', 1)
  await running.sees('promherd_workers{state="running"}', 1)
  running.signal('SIGTTOU')
  const samples = await running.sees('promherd_signals_total{signal="TTOU"}', 2)
  expect(samples.value('promherd_workers_target')).toBe(1)
  expect(samples.value('promherd_signals_total{signal="TTIN"}')).toBe(1)
  expect(running.stderr).toBe(
    'promherd: SIGTTOU is ignored, because only one worker is left. Send SIGTERM to end the cluster.\n',
  )
})

test('a worker that is started in a removed slot is counted as a restart by scale', async () => {
  const running = await startReady({ options: { workers: 2 } })
  await running.call('scale', 3)
  expect((await running.scrape()).restarts).toEqual({})
  await running.call('scale', 1)
  expect((await running.scrape()).value('promherd_workers{state="running"}')).toBe(1)
  await running.call('scale', 3)
  const samples = await running.scrape()
  expect(samples.value('promherd_workers{state="running"}')).toBe(3)
  expect(samples.restarts).toEqual({ scale: 2 })
  expect(samples.value('promherd_worker_restarts_total{worker="3",reason="scale"}')).toBe(1)
})

test('scale() rejects a value that is not a number of workers', async () => {
  const running = await startReady({ options: { workers: 1 } })
  for (const workers of [0, 1025, 1.5, 'two']) {
    await expect(running.call('scale', workers)).rejects.toThrow(
      'Expected `workers` to be an integer from 1 to 1024, but got',
    )
  }
})
