import { expect, it } from 'vitest'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

it('400 restarts keep every count and leave no file, with common label sets and with separate ones', async () => {
  const { figures, checks } = await bench('growth')
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['growth']!]))
  // Each store counts two jobs. The remaining files: the names and values of the retired totals, and the leader's lock.
  expect(checks).toMatchObject({ equal: true, jobs: '800 800', files: '3 3' })
  expect(figures['growth.restarts_files']?.value).toBe(0)
  // One and two stores of 10, then of 20 series: each series has 15 buckets, a sum and a count.
  expect(checks['samples']).toBe('170 170 340 340')
})
