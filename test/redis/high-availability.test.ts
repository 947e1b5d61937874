import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { runProcess, startProcess } from '../support/process.ts'
import { sum } from '../support/samples.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { exporter, host } from './hosts.ts'
import { freePort, startRedis } from './redis-server.ts'
import { rights } from './rights.ts'

beforeEach(context => needs(context, 'redis-server'))

test('a failover with three sentinels: hosts and the exporter find the new master, and no count is lost or doubled', async () => {
  const master = await startRedis()
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)])
  onTestFinished(async () => {
    await Promise.all([master.close(), replica.close()])
  })
  await until(async () => (await replica.client.info('replication')).includes('master_link_status:up'), {
    what: 'the replica to follow',
  })
  const folder = mkdtempSync(join(tmpdir(), 'promherd-sentinel-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const sentinels = await Promise.all([1, 2, 3].map(() => freePort()))
  for (const port of sentinels) {
    const file = join(folder, `${port}.conf`)
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor shop 127.0.0.1 ${master.port} 2`,
        'sentinel down-after-milliseconds shop 1000',
        'sentinel failover-timeout shop 4000',
        '',
      ].join('\n'),
    )
    const sentinel = await startProcess('redis-server', [file, '--sentinel'], { cwd: folder })
    onTestFinished(async () => void (await sentinel.stop('SIGKILL')))
  }
  const asked = new Redis({ host: '127.0.0.1', port: sentinels[0]!, retryStrategy: () => 50 })
  asked.on('error', () => {})
  onTestFinished(() => asked.disconnect())
  await until(
    async () => {
      const [facts] = (await asked.call('SENTINEL', 'MASTERS')) as string[][]
      const of = (name: string): string | undefined => facts?.[facts.indexOf(name) + 1]
      return of('num-other-sentinels') === '2' && of('num-slaves') === '1'
    },
    { what: 'the sentinels to know each other' },
  )
  for (const port of sentinels) {
    const sentinel = new Redis({ host: '127.0.0.1', port })
    await sentinel.call('ACL', 'SETUSER', 'member', 'reset', 'on', '>secret', '-@all', '+sentinel')
    sentinel.disconnect()
  }
  const redis = {
    name: 'shop',
    sentinels: sentinels.map(port => ({ host: '127.0.0.1', port })),
    sentinelUsername: 'member',
    sentinelPassword: 'secret',
  }
  const one = host('a', { redis, ttlMs: 30_000 })
  const there = await exporter({ redis })
  one.inc(5)
  await there.untilJobs(5)
  await master.process().stop('SIGKILL')
  one.inc(3)
  await there.untilJobs(8, 60_000)
  one.inc(1)
  await there.untilJobs(9)
  expect(one.said.length).toBe(2)
  expect(await replica.client.hlen('{promherd:shop}:runs')).toBe(1)
})

test('a Redis Cluster of three nodes: all keys of a group are on one of them', async () => {
  const nodes = await Promise.all(
    [1, 2, 3].map(() => startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'])),
  )
  onTestFinished(async () => {
    await Promise.all(nodes.map(node => node.close()))
  })
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const created = await runProcess('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  expect(created.output).toContain('All 16384 slots covered')
  for (const { client } of nodes) {
    await until(async () => (await client.cluster('INFO')).includes('cluster_state:ok'), {
      what: 'the cluster to be ok',
    })
  }
  // The rights that docs/redis.md names, and the one that a Cluster needs besides.
  const common = ['reset', 'on', '>secret', '~{promherd:*}:*', '-@all', ...rights('host'), ...rights('viewer')]
  await Promise.all(nodes.map(({ client }) => client.call('ACL', 'SETUSER', 'member', ...common, '+cluster')))
  const redis = {
    nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    options: { redisOptions: { username: 'member', password: 'secret' } },
  }
  const groups = ['shop', 'a:b', 'x}y']
  for (const group of groups) {
    const one = host('a', { redis, group, ttlMs: 400 })
    const two = host('b', { redis, group, ttlMs: 400 })
    const there = await exporter({ redis, group })
    one.inc(2)
    two.inc(3)
    await there.untilJobs(5)
    two.crash()
    await until(
      async () => {
        await there.untilJobs(5)
        const samples = await there.scrape()
        const known = ['live', 'departed'].map(state => sum(samples, 'promherd_group_instances', { state }))
        return known.join() === '1,0'
      },
      { what: 'the counts of b to be folded' },
    )
    one.inc(1)
    await there.untilJobs(6)
    expect([one.said, there.said]).toEqual([[], []])
  }
  const counts = await Promise.all(nodes.map(async ({ client }) => (await client.keys('*')).length))
  expect(counts.reduce((sum, count) => sum + count)).toBe(4 * groups.length)
})
