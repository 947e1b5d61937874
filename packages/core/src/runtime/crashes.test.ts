import type { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'

// Declared without the event that Node emits on it.
const crashing: EventEmitter = process

async function crashesOf(monitor: Monitor): Promise<Record<string, number>> {
  const family = (await monitor.snapshot()).families.find(
    ({ name }) => name === 'promherd_worker_uncaught_errors_total',
  )
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(' '), family!.values.get(i)]))
}

test('the monitor of a worker counts uncaught errors until it is closed', async () => {
  const before = process.listenerCount('uncaughtExceptionMonitor')
  const monitor = createMonitor({ storage: 'memory' })
  expect(await crashesOf(monitor)).toEqual({ 'uncaught_exception 1': 0, 'unhandled_rejection 1': 0 })
  crashing.emit('uncaughtExceptionMonitor', new Error('broken'), 'uncaughtException')
  expect(await crashesOf(monitor)).toEqual({ 'uncaught_exception 1': 1, 'unhandled_rejection 1': 0 })
  await monitor.close()
  expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(before)
})

test('the monitor of a primary counts no uncaught errors', async () => {
  const monitor = createMonitor({ storage: 'memory', worker: 0 })
  crashing.emit('uncaughtExceptionMonitor', new Error('broken'), 'uncaughtException')
  expect(await crashesOf(monitor)).toEqual({})
  await monitor.close()
})
