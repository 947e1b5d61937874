import { FORWARD_ERROR_CAUSES } from '@promherd/core/forward'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { scrape, select, sum } from '../support/samples.ts'
import { isSkipped, needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { exporter, host, startHost } from './hosts.ts'
import { groupsOf, keyOf } from './keys.ts'
import { proxyTo } from './proxy.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let redis: RedisServer

beforeEach(context => needs(context, 'redis-server'))
beforeAll(async () => {
  if (!isSkipped('redis-server')) redis = await startRedis()
})
afterAll(() => redis?.close())

const nextGroup = groupsOf('group')

test('two hosts of two workers each are one sum, exact to the last request, over an orderly end, a kill and a return', async () => {
  const group = nextGroup()
  const options = { redis: redis.url, group, interval: 0.2, ttl: 1 }
  const [a, b] = await Promise.all(['a', 'b'].map(instance => startHost({ ...options, instance })))
  const sums = [await exporter({ redis: redis.url, group }), await exporter({ redis: redis.url, group })]
  const each = await exporter({ redis: redis.url, group, aggregate: 'instance' })
  const untilRequests = (count: number): Promise<unknown> =>
    Promise.all(
      sums.map(one =>
        until(async () => (await one.value('http_requests_total')) === count, { what: `${count} requests` }),
      ),
    )
  await Promise.all([a!.request(31), b!.request(12)])
  await untilRequests(43)
  const samples = await each.scrape()
  expect(sum(samples, 'http_requests_total', { instance: 'a' })).toBe(31)
  expect(sum(samples, 'http_requests_total', { instance: 'b' })).toBe(12)
  expect(select(samples, 'promherd_workers', { state: 'running' }).map(({ value }) => value)).toEqual([2, 2])
  const own = await scrape(a!.metricsUrl)
  expect(sum(own, 'promherd_redis_up')).toBe(1)
  expect(sum(own, 'promherd_forward_last_success_timestamp_seconds', { sink: 'redis' })).toBeGreaterThan(1e9)
  expect(select(own, 'promherd_forward_errors_total', { sink: 'redis' }).length).toBe(FORWARD_ERROR_CAUSES.length)
  expect(select(own, 'promherd_forward_duration_seconds').length).toBe(1)
  // The last push has what was counted up to the end.
  const last = b!.request(9)
  await last
  await b!.end('SIGTERM')
  await untilRequests(52)
  expect(await sums[0]!.value('promherd_workers', { state: 'running' })).toBe(2)
  const again = await startHost({ ...options, instance: 'b' })
  await again.request(4)
  await untilRequests(56)
  await again.end('SIGKILL')
  await until(
    async () => {
      await untilRequests(56)
      return (await redis.client.hlen(keyOf(group, 'runs'))) === 1
    },
    { what: 'what both runs of b have counted to be folded' },
  )
  await untilRequests(56)
})

test('a departed host keeps its counts and loses its gauges, and its counts are folded once by two exporters', async () => {
  const group = nextGroup()
  const [a, b] = ['a', 'b'].map(name => host(name, { redis: redis.url, group, ttlMs: 600 }))
  const exporters = [await exporter({ redis: redis.url, group }), await exporter({ redis: redis.url, group })]
  a!.inc(5)
  b!.inc(7)
  for (const each of exporters) await each.untilJobs(12)
  expect(await exporters[0]!.value('depth')).toBe(2)
  expect(await exporters[0]!.value('promherd_group_instances', { state: 'live' })).toBe(2)
  b!.crash()
  await until(async () => (await exporters[0]!.value('depth')) === 1, { what: 'the gauge of b to go' })
  await until(
    async () => {
      await Promise.all(exporters.map(each => each.untilJobs(12)))
      return (await redis.client.hget(keyOf(group, 'totals'), 'version')) === '1'
    },
    { what: 'the counts of b to be folded' },
  )
  a!.inc(3)
  for (const each of exporters) await each.untilJobs(15)
  const third = await exporter({ redis: redis.url, group })
  await third.untilJobs(15)
  expect(await redis.client.hget(keyOf(group, 'totals'), 'version')).toBe('1')
  expect(await redis.client.hlen(keyOf(group, 'runs'))).toBe(1)
})

test.each(['before', 'after'])(
  'a host that was cut off and comes back %s it is folded is not counted twice',
  async when => {
    const group = nextGroup()
    const proxy = await proxyTo(redis.port)
    const ttlMs = when === 'before' ? 60_000 : 400
    const cut = host('cut', { redis: proxy.url, group, ttlMs, deadlineMs: 500 })
    const one = await exporter({ redis: redis.url, group })
    cut.inc(5)
    await one.untilJobs(5)
    // What is on its way is lost with its response: whether Redis has it is not known.
    proxy.swallow(true)
    cut.inc(2)
    await until(() => cut.said.length === 1, { what: 'the host to notice' })
    proxy.cut()
    if (when === 'after') {
      await until(
        async () => {
          await one.scrape()
          return (await redis.client.hlen(keyOf(group, 'runs'))) === 0
        },
        { what: 'the host to be folded' },
      )
    }
    cut.inc(1)
    proxy.swallow(false)
    proxy.mend()
    await one.untilJobs(8)
    cut.inc(4)
    await one.untilJobs(12)
    expect(await one.value('depth')).toBe(1)
    expect(cut.said.length).toBe(2)
    cut.crash()
    await one.untilJobs(12)
  },
)

test('only changes are sent, with a full snapshot from time to time', async () => {
  const group = nextGroup()
  const one = host('a', { redis: redis.url, group, ttlMs: 60_000 })
  const labelled = one.monitor.counter({ name: 'many_total', help: 'Many.', labels: ['n'] })
  for (let i = 0; i < 900; i++) labelled.labels(String(i)).inc()
  const sum_ = await exporter({ redis: redis.url, group })
  one.inc()
  await sum_.untilJobs(1)
  const [id] = await redis.client.hkeys(keyOf(group, 'runs'))
  const entries = async (): Promise<number[]> =>
    (await redis.client.xrangeBuffer(keyOf(group, `numbers:${id}`), '-', '+')).map(([, fields]) => fields[1]!.length)
  const many = await until(
    async () => {
      const sizes = await entries()
      return sizes.length > 3 && sizes
    },
    { what: 'some pushes' },
  )
  expect(many[0]).toBeGreaterThan(7200)
  expect(Math.max(...many.slice(1))).toBeLessThan(1000)
  // As soon as all changes together are as long as a whole one, there is a whole one in their place.
  const first = async (): Promise<string> =>
    (await redis.client.xrange(keyOf(group, `numbers:${id}`), '-', '+', 'COUNT', 1))[0]![0]
  const before = await first()
  for (let round = 0; round < 12 && (await first()) === before; round++) {
    for (let i = 0; i < 900; i += 2) labelled.labels(String(i)).inc()
    one.inc()
    await sum_.untilJobs(one.counted)
  }
  expect(await first()).not.toBe(before)
  expect((await entries()).reduce((sum, size) => sum + size)).toBeLessThan(3 * 10_000)
  expect(await sum_.value('many_total')).toBe(900 + 450 * (one.counted - 1))
})
