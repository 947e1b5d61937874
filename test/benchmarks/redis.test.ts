import { beforeEach, expect, it } from 'vitest'
import { needs } from '../support/skip.ts'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

beforeEach(context => needs(context, 'redis-server'))

it('the sum of all hosts is that of prom-client, and a push is one round trip', async () => {
  const { figures, checks } = await bench('redis')
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['redis']!]))
  // 20 series, each with 15 buckets, a sum and a count.
  expect(checks).toEqual({ equal: true, samples: 340 })
  expect(figures['redis.forward_round_trips']).toMatchObject({ min: 1, value: 1, max: 1, reach: '<= 1', met: true })
  expect(figures['redis.forward_cpu_percent']).toMatchObject({ reach: '<= 1' })
  expect(figures['redis.cold_ms']).toMatchObject({ reach: '<= 2000' })
  expect(figures['redis.warm_ms']).toMatchObject({ reach: '<= 300' })
  expect(figures['redis.memory_mb']).toMatchObject({ reach: '<= 500' })
})
