import { expect, it } from 'vitest'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

it('the benchmark `startup` starts a process for each side, under stable keys', async () => {
  const { figures, checks } = await bench('startup')
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['startup']!]))
  expect(figures['startup.ratio_vs_express_prom_bundle']).toMatchObject({ reach: '<= 0.6', met: expect.any(Boolean) })
  expect(figures['startup.auto_import_ms']).toMatchObject({ reach: '<= 40', met: expect.any(Boolean) })
  expect(checks).toEqual({ processes: 5 })
})
