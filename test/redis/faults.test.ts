import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { isSkipped, needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { type Application, startApplication } from './application.ts'
import { exporter, type Host, host } from './hosts.ts'
import { groupsOf, keyOf } from './keys.ts'
import { proxyTo } from './proxy.ts'
import { freePort, type RedisServer, startRedis } from './redis-server.ts'
import { rights } from './rights.ts'

/**
 * Each fault: no counter falls (the exporter checks each scrape), one line for each change, exact numbers afterwards. An
 * application in the process of the host answers requests all the time: none fails or waits, and memory stays bounded.
 */

let redis: RedisServer

let application: Application

beforeEach(context => needs(context, 'redis-server'))
beforeEach(async () => {
  application = await startApplication()
})
afterEach(async () => {
  const { answered, failed, medianMs, grownBytes } = await application.stop()
  expect(failed).toBe(0)
  expect(answered).toBeGreaterThan(0)
  // Far below every deadline of these tests: no request waits for a push. A busy machine takes its time.
  expect(medianMs).toBeLessThan(500)
  expect(grownBytes).toBeLessThan(20e6)
})
beforeAll(async () => {
  if (!isSkipped('redis-server')) redis = await startRedis()
})
afterAll(() => redis?.close())

const nextGroup = groupsOf('fault')

/** One line for each change of state: it fails, it works again. */
function expectOnce(one: Pick<Host, 'said'>, cause: string): void {
  expect(one.said).toEqual([
    expect.stringMatching(new RegExp(`forwarding to redis fails \\(${cause}: `)),
    'forwarding to redis works again.',
  ])
}

const untilSaid = (one: Pick<Host, 'said'>, count = 1): Promise<unknown> =>
  until(() => one.said.length >= count, { what: `${count} lines of the host, which has said ${one.said}` })

test('a Redis that is down at the start: the host works, and forwarding begins when Redis comes', async () => {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const one = host('a', { redis: url })
  one.inc(3)
  await untilSaid(one)
  const there = await exporter({ redis: url })
  expect((await fetch(`${there.url}/-/ready`)).status).toBe(503)
  expect(await there.value('promherd_redis_up')).toBe(0)
  const late = await startRedis([], { port })
  onTestFinished(() => late.close())
  await there.untilJobs(3)
  expectOnce(one, 'connection')
  expect((await fetch(`${there.url}/-/ready`)).status).toBe(200)
  expect(there.said.length).toBe(2)
})

test('a Redis that is killed under load and comes back empty gets the counts of departed hosts again', async () => {
  const own = await startRedis()
  onTestFinished(() => own.close())
  const hosts = ['a', 'b', 'gone'].map(name => host(name, { redis: own.url, ttlMs: name === 'gone' ? 300 : 30_000 }))
  const there = await exporter({ redis: own.url })
  for (const one of hosts) one.inc(10)
  await there.untilJobs(30)
  hosts[2]!.crash()
  await until(
    async () => {
      await there.untilJobs(30)
      return (await own.client.hget('{promherd:shop}:totals', 'version')) === '1'
    },
    { what: 'the counts of the departed to be folded' },
  )
  const load = setInterval(() => hosts[0]!.inc(), 5)
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) await there.scrape()
  }
  const seen = watch()
  seen.catch(() => {})
  onTestFinished(() => clearInterval(load))
  onTestFinished(() => {
    isOver = true
  })
  await own.process().stop('SIGKILL')
  await untilSaid(hosts[0]!)
  await own.restart()
  await untilSaid(hosts[0]!, 2)
  clearInterval(load)
  await there.untilJobs(20 + hosts[0]!.counted)
  isOver = true
  await seen
  for (const one of hosts.slice(0, 2)) expectOnce(one, 'connection')
  const fresh = await exporter({ redis: own.url })
  await fresh.untilJobs(20 + hosts[0]!.counted)
})

test('a Redis that is paused for longer than the TTL slows down no request, and no host is counted twice', async () => {
  const own = await startRedis()
  onTestFinished(() => own.close())
  const one = host('a', { redis: own.url, ttlMs: 400, deadlineMs: 1500 })
  const there = await exporter({ redis: own.url, timeout: 0.5 })
  one.inc(10)
  await there.untilJobs(10)
  process.kill(own.process().pid, 'SIGSTOP')
  await untilSaid(one)
  const { answered } = application
  one.inc(5)
  await until(() => application.answered > answered + 50, { what: 'fifty requests to be answered' })
  expect(await there.value('jobs_total')).toBe(10)
  expect(await there.value('promherd_redis_up')).toBe(0)
  process.kill(own.process().pid, 'SIGCONT')
  await there.untilJobs(15)
  expectOnce(one, 'timeout')
  await there.untilJobs(one.counted)
})

test('a slow link delays the numbers, a cut one ends with the cut, and neither loses a count', async () => {
  const group = nextGroup()
  const proxy = await proxyTo(redis.port)
  const one = host('a', { redis: proxy.url, group, ttlMs: 30_000 })
  const there = await exporter({ redis: redis.url, group })
  one.inc(1)
  await there.untilJobs(1)
  proxy.slow(100)
  one.inc(1)
  await there.untilJobs(2)
  expect(one.said).toEqual([])
  proxy.cut()
  one.inc(1)
  await untilSaid(one)
  proxy.mend()
  proxy.slow(0)
  await there.untilJobs(3)
  expectOnce(one, 'connection')
})

test('a full Redis rejects a push completely, and accepts the next one when there is room', async () => {
  const own = await startRedis()
  onTestFinished(() => own.close())
  const one = host('a', { redis: own.url, ttlMs: 30_000 })
  const there = await exporter({ redis: own.url })
  one.inc(2)
  await there.untilJobs(2)
  await own.client.config('SET', 'maxmemory', '1mb')
  one.inc(2)
  await untilSaid(one)
  expect(await there.value('jobs_total')).toBe(2)
  expect(await there.value('promherd_redis_up')).toBe(1)
  await own.client.config('SET', 'maxmemory', '0')
  await there.untilJobs(4)
  expectOnce(one, 'full')
})

test('a wrong password, a missing permission, and the ones that docs/redis.md names', async () => {
  const own = await startRedis(['--requirepass', 'secret'], { password: 'secret' })
  onTestFinished(() => own.close())
  const user = (name: string): string => `redis://${name}:${name}@127.0.0.1:${own.port}`
  const wrong = host('a', { redis: user('norights') })
  await untilSaid(wrong)
  expect(wrong.said[0]).toContain('fails (auth: ')
  const allow = (name: string, commands: readonly string[]): Promise<unknown> =>
    own.client.call('ACL', 'SETUSER', name, 'reset', 'on', `>${name}`, '~{promherd:shop}:*', '-@all', ...commands)
  await allow('host', rights('host'))
  await allow('viewer', rights('viewer'))
  const allowed = host('b', { redis: user('host'), ttlMs: 300 })
  const there = await exporter({ redis: user('viewer') })
  allowed.inc(4)
  await there.untilJobs(4)
  allowed.crash()
  await until(
    async () => {
      await there.untilJobs(4)
      return (await own.client.hget('{promherd:shop}:totals', 'version')) === '1'
    },
    { what: 'the exporter to fold what the host has counted' },
  )
  expect([allowed.said, there.said]).toEqual([[], []])
  // The password is put right.
  await allow('norights', rights('host'))
  wrong.inc(1)
  await there.untilJobs(5)
  expectOnce(wrong, 'auth')
})

test('a replica that accepts no writes is replaced by the server that does', async () => {
  const own = await startRedis()
  onTestFinished(() => own.close())
  const one = host('a', { redis: own.url, ttlMs: 30_000 })
  const there = await exporter({ redis: own.url })
  one.inc(2)
  await there.untilJobs(2)
  await own.client.replicaof('127.0.0.1', await freePort())
  one.inc(2)
  await untilSaid(one)
  await own.client.replicaof('NO', 'ONE')
  await there.untilJobs(4)
  expectOnce(one, 'read_only')
})

test('a value of another type under one of the keys is reported and not changed', async () => {
  const group = nextGroup()
  await redis.client.set(keyOf(group, 'runs'), 'a string of another program')
  const one = host('a', { redis: redis.url, group })
  one.inc(2)
  await untilSaid(one)
  expect(one.said[0]).toContain(`the key ${keyOf(group, 'runs')} holds a value of another type`)
  expect(await redis.client.get(keyOf(group, 'runs'))).toBe('a string of another program')
  const there = await exporter({ redis: redis.url, group })
  await until(() => there.said.length === 1, { what: 'the exporter to say it' })
  await redis.client.del(keyOf(group, 'runs'))
  await there.untilJobs(2)
  expectOnce(one, 'rejected')
})

test('data of a newer version counts as unreadable and is not changed, and the other hosts are served', async () => {
  const group = nextGroup()
  await redis.client.hset(keyOf(group, 'runs'), 'newer', '2|7|99999999999999|1|{}')
  const one = host('a', { redis: redis.url, group, ttlMs: 30_000 })
  const there = await exporter({ redis: redis.url, group })
  one.inc(2)
  await there.untilJobs(2)
  expect(await there.value('promherd_group_instances', { state: 'unreadable' })).toBe(1)
  expect(await redis.client.hget(keyOf(group, 'runs'), 'newer')).toMatch(/^2\|/)
  // Totals that cannot be read are in the sum: without them it would fall.
  await redis.client.hset(keyOf(group, 'totals'), { format: '2', lineage: 'x', version: '9', values: 'v', names: 'n' })
  const answer = await fetch(`${there.url}/metrics`)
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('format 2')])
  await redis.client.del(keyOf(group, 'totals'))
  await there.untilJobs(2)
})

test('hosts and an exporter with clocks that differ by ten minutes', async () => {
  const group = nextGroup()
  const clock = Date.now
  const one = host('a', { redis: redis.url, group, ttlMs: 400 })
  const latest = (value: number): void => {
    const gauge = { name: 'version', help: 'V.', aggregator: 'latest' } as const
    one.monitor.gauge(gauge).set(value)
  }
  onTestFinished(() => {
    Date.now = clock
  })
  Date.now = () => clock() - 600_000
  latest(1)
  one.inc(2)
  const there = await exporter({ redis: redis.url, group })
  await there.untilJobs(2)
  Date.now = () => clock() + 600_000
  one.inc(1)
  await there.untilJobs(3)
  expect(await there.value('promherd_group_instances', { state: 'live' })).toBe(1)
  one.crash()
  await until(async () => (await there.value('depth')) === 0, { what: 'the gauge of a host that is gone to go' })
  await there.untilJobs(3)
})

test('among hosts with clocks that differ by ten minutes, the last one that set a gauge decides', async () => {
  const group = nextGroup()
  const clock = Date.now
  onTestFinished(() => {
    Date.now = clock
  })
  const there = await exporter({ redis: redis.url, group })
  const setAt = (instance: string, offsetMs: number, value: number): Host => {
    Date.now = () => clock() + offsetMs
    const one = host(instance, { redis: redis.url, group, ttlMs: 30_000 })
    one.monitor.gauge({ name: 'version', help: 'V.', aggregator: 'latest' }).set(value)
    return one
  }
  const ahead = setAt('ahead', 600_000, 1)
  await until(async () => (await there.value('version')) === 1, { what: 'what the first has set' })
  // It stays live, and pushes no more with the clock of the other.
  ahead.crash()
  setAt('behind', -600_000, 2)
  await until(async () => (await there.value('version')) === 2, { what: 'what the second has set' })
})
