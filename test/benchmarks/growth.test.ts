import { expect, it } from 'vitest'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

it('400 restarts leave every count and no file, whether their label sets are the same or each its own', async () => {
  const { figures, checks } = await bench('growth')
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['growth']!]))
  // Each life counts two jobs. What is left: the names and the numbers of the dead, and the keeper's lock.
  expect(checks).toMatchObject({ equal: true, jobs: '800 800', files: '3 3' })
  expect(figures['growth.restarts_files']?.value).toBe(0)
  // One and two stores of 10, then of 20 series: each series has 15 buckets, a sum and a count.
  expect(checks['samples']).toBe('170 170 340 340')
})
