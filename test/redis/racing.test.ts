import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { isSkipped, needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { type Exporter, exporter, type Host, host } from './hosts.ts'
import { groupsOf, keyOf } from './keys.ts'
import { proxyTo } from './proxy.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** Exporters that fold the counts of departed hosts at the same moment, or are lost while they do it. */

let redis: RedisServer

beforeEach(context => needs(context, 'redis-server'))
beforeAll(async () => {
  if (!isSkipped('redis-server')) redis = await startRedis()
})
afterAll(() => redis?.close())

const nextGroup = groupsOf('race')

/** Scrapes without a pause until it is stopped; rejects if a counter falls. */
function scrapeOn(one: Exporter): () => Promise<void> {
  let isOver = false
  const scraped = (async () => {
    while (!isOver) await one.scrape()
  })()
  scraped.catch(() => {})
  return () => {
    isOver = true
    return scraped
  }
}

async function untilFolded(group: string, count: number): Promise<void> {
  const isFolded = async (): Promise<boolean> => {
    const fields = await redis.client.hkeys(keyOf(group, 'totals'))
    return fields.filter(name => name.startsWith('run:')).length === count
  }
  await until(isFolded, { what: `${count} hosts to be folded` })
}

test('eight hosts that depart at once are folded once each by three concurrent exporters', async () => {
  const group = nextGroup()
  const hosts = Array.from({ length: 8 }, (_, i) => host(`h${i}`, { redis: redis.url, group, ttlMs: 500 }))
  const exporters = await Promise.all(Array.from({ length: 3 }, () => exporter({ redis: redis.url, group })))
  for (const [i, one] of hosts.entries()) one.inc(i + 1)
  for (const one of exporters) await one.untilJobs(36)
  const stops = exporters.map(scrapeOn)
  for (const one of hosts) one.crash()
  await untilFolded(group, 8)
  await Promise.all(stops.map(stop => stop()))
  const fresh = await exporter({ redis: redis.url, group })
  for (const one of [...exporters, fresh]) await one.untilJobs(36)
  expect(await redis.client.hlen(keyOf(group, 'runs'))).toBe(0)
  expect(exporters.flatMap(({ said }) => said)).toEqual([])
})

test.each([
  ['has folded and gets no reply', true],
  ['loses its connection before it can fold', false],
])('an exporter that %s continues, and so does another: each host is folded once', async (_, isPassedOn) => {
  const group = nextGroup()
  const proxy = await proxyTo(redis.port)
  const [gone, here] = ['gone', 'here'].map(name => host(name, { redis: redis.url, group, ttlMs: 400 })) as [Host, Host]
  const cutOff = await exporter({ redis: proxy.url, group })
  gone.inc(5)
  here.inc(2)
  await cutOff.untilJobs(7)
  gone.crash()
  proxy.loseAt('\r\nfold\r\n', isPassedOn)
  const stop = scrapeOn(cutOff)
  await until(proxy.hasLost, { what: 'the fold to be lost' })
  const other = await exporter({ redis: redis.url, group })
  await untilFolded(group, 1)
  here.inc(3)
  for (const one of [cutOff, other]) await one.untilJobs(10)
  await stop()
  expect(await redis.client.hget(keyOf(group, 'totals'), 'version')).toBe('1')
  expect(cutOff.said).toEqual([
    expect.stringContaining('reading the group from Redis fails (connection: '),
    'reading the group from Redis works again.',
  ])
})

test('an exporter that ends while it folds leaves the rest to the next one', async () => {
  const group = nextGroup()
  const proxy = await proxyTo(redis.port)
  const gone = host('gone', { redis: redis.url, group, ttlMs: 400 })
  const first = await exporter({ redis: proxy.url, group })
  gone.inc(5)
  await first.untilJobs(5)
  gone.crash()
  proxy.loseAt('\r\nfold\r\n', false)
  const stop = scrapeOn(first)
  await until(proxy.hasLost, { what: 'the fold to be lost' })
  await stop()
  await first.close()
  const next = await exporter({ redis: redis.url, group })
  await next.untilJobs(5)
  await untilFolded(group, 1)
  await next.untilJobs(5)
})

test('totals that two exporters restore at once exist once', async () => {
  const group = nextGroup()
  const [gone, here] = ['gone', 'here'].map(name => host(name, { redis: redis.url, group, ttlMs: 400 })) as [Host, Host]
  const exporters = await Promise.all([1, 2, 3].map(() => exporter({ redis: redis.url, group })))
  gone.inc(5)
  here.inc(1)
  for (const one of exporters) await one.untilJobs(6)
  gone.crash()
  const stops = exporters.map(scrapeOn)
  await untilFolded(group, 1)
  for (const one of exporters) await one.untilJobs(6)
  await redis.client.del(keyOf(group, 'totals'))
  await untilFolded(group, 1)
  here.inc(1)
  for (const one of exporters) await one.untilJobs(7)
  await Promise.all(stops.map(stop => stop()))
})

test('two running hosts with the same name are logged once, and a restarted host is not', async () => {
  const group = nextGroup()
  const older = host('a', { redis: redis.url, group, ttlMs: 30_000 })
  const each = await exporter({ redis: redis.url, group, aggregate: 'instance' })
  const all = await exporter({ redis: redis.url, group })
  older.inc(3)
  for (const one of [each, all]) await one.untilJobs(3)
  older.crash()
  const newer = host('a', { redis: redis.url, group, ttlMs: 30_000 })
  newer.inc(4)
  await all.untilJobs(7)
  await each.untilJobs(4)
  expect([...each.said, ...all.said]).toEqual([])
  const third = host('a', { redis: redis.url, group, ttlMs: 30_000 })
  third.inc(5)
  await all.untilJobs(12)
  await until(async () => (await all.scrape()) && all.said.length === 1, { what: 'the name to be logged' })
  await until(async () => (await each.scrape()) && each.said.length === 1, { what: 'the name to be logged' })
  newer.inc(1)
  await all.untilJobs(13)
  await each.untilJobs(5)
  expect(all.said).toEqual([
    'two running hosts forward as instance a. Both are in the sum. Give each host a name of its own (`instance`).',
  ])
  expect(each.said).toEqual([
    'two running hosts forward as instance a. Only the one that started later is served. Give each host a name of its own (`instance`).',
  ])
})
