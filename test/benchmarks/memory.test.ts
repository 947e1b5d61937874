import { expect, it } from 'vitest'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

it('in the benchmark `memory` every client exports the same numbers, under stable keys', async () => {
  const { figures, checks } = await bench('memory', '--series', '100')
  // 100 series, each with 15 buckets, a sum and a count.
  expect(checks).toMatchObject({ equal: true, samples: 1700 })
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['memory']!]))
  expect(figures['memory.ratio_vs_prom_client']).toMatchObject({ reach: '<= 0.5', met: expect.any(Boolean) })
  // At least the names. The values of a few series fit into the initial size of a store.
  expect(figures['memory.promherd_files_mb']?.value).toBeGreaterThan(0)
  expect(figures['memory.prom_client_files_mb']?.value).toBe(0)
})
