import { expect, test } from 'vitest'
import { internalsOf } from './internals.ts'
import { createMonitor } from './monitor.ts'

test('a monitor shows only its public properties, and its internals are found by the function alone', async () => {
  const monitor = createMonitor({ storage: 'memory', promClient: false })
  const shown: string[] = []
  for (const key in monitor) shown.push(key)
  expect([...shown, ...Object.getOwnPropertyNames(monitor)]).toEqual(['contentType', 'contentType'])
  expect(Object.getOwnPropertySymbols(monitor)).toEqual([])
  expect(internalsOf(monitor).store.worker).toBe(1)
  await monitor.close()
})
