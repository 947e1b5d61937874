import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../examples/demo/processes.js'
import { hasRedis, startRedis } from '../examples/redis/processes.js'
import { inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'
import { slope } from './lib/slope.js'
import { measureGroup } from './redis/group.js'

const FULL = { series: 1_000, sizes: [10, 50, 100, 200], warmUp: 60, pushes: 60, intervalMs: 1_000 }
const QUICK = { series: 20, sizes: [2, 4], warmUp: 1, pushes: 3, intervalMs: 10 }

/** Forwarding to a real Redis, and the sum of many hosts, compared to registries of prom-client as JSON. */
export async function redis({ quick }) {
  const settings = quick ? QUICK : FULL
  const about = { benchmark: 'redis', machine: machine(['prom-client', 'ioredis']) }
  const reported = { ...settings, sizes: settings.sizes.join(' ') }
  if (!hasRedis()) {
    const checks = { left_out: 'the whole benchmark: redis-server is not installed' }
    return { ...about, settings: reported, figures: {}, checks }
  }
  const port = await freePort(0)
  const server = startRedis(port, mkdtempSync(join(tmpdir(), 'promherd-bench-redis-')))
  const url = `redis://127.0.0.1:${port}`
  const client = new Redis(url)
  client.on('error', () => {}) // The client connects before the server listens.
  try {
    const forwarding = await inFreshProcess(new URL('./redis/forwarding.js', import.meta.url), { url, ...settings })
    await client.flushall()
    const empty = await measureGroup('promherd', { url, client, hosts: 0, series: settings.series })
    const points = []
    for (const hosts of settings.sizes) {
      points.push({ hosts, ...(await measureGroup('promherd', { url, client, hosts, series: settings.series })) })
    }
    const { hosts, ...largest } = points.at(-1)
    const theirs = await measureGroup('prom_client', { url, client, hosts, series: settings.series })
    const figures = {
      ...forwardingFigures(forwarding),
      ...sideFigures('redis', `${hosts} hosts`, largest, REACH),
      ...growthFigures(points, empty),
      ...sideFigures('redis.prom_client', 'prom-client', theirs, {}),
    }
    const checks = { equal: largest.digest === theirs.digest, samples: largest.samples }
    return { ...about, settings: reported, figures, checks }
  } finally {
    client.disconnect()
    await server.stop()
  }
}

/** The goals for 200 hosts of 1,000 series each. */
const REACH = { cold: { atMost: 2_000 }, warm: { atMost: 300 }, memory: { atMost: 500 } }
const LINEAR = { atMost: 1.1 }
/** The groups of a quick run may need no more than an empty one. */
const LEAST = 0.1

/** One push a second: 10 ms of CPU are 1 % of a core. */
function forwardingFigures({ all, few, roundTrips }) {
  const percent = pushes => {
    const { min, max } = spread(pushes.map(ms => ms / 10))
    return { value: pushes.reduce((sum, ms) => sum + ms / 10, 0) / pushes.length, min, max }
  }
  const what = 'CPU of the primary at one push a second, mean'
  return {
    'redis.forward_cpu_percent': figure(`${what}; all series changed`, '% of a core', percent(all), { atMost: 1 }),
    'redis.forward_few_cpu_percent': figure(`${what}; 1 % of the series changed`, '% of a core', percent(few)),
    'redis.forward_round_trips': figure('round trips of a push', '', spread(roundTrips), { atMost: 1 }),
  }
}

function sideFigures(key, side, { cold, warm, all, peakMb, redisKbPerHost, redisCpuMsPerPush }, reach) {
  const ms = (what, value, limit) => figure(`${side}: ${what}`, 'ms', { value }, limit)
  return {
    [`${key}.cold_ms`]: ms('the first scrape of the sum, including the start of the server', cold.ms, reach.cold),
    [`${key}.cold_cpu_ms`]: ms('of that time, CPU of the exporter', cold.cpuMs),
    [`${key}.warm_ms`]: ms('a later scrape, after 1 % of the series of every host changed', warm.ms, reach.warm),
    [`${key}.warm_cpu_ms`]: ms('of that time, CPU of the exporter', warm.cpuMs),
    [`${key}.changed_ms`]: ms('a later scrape, after all series of every host changed', all.ms),
    [`${key}.changed_cpu_ms`]: ms('of that time, CPU of the exporter', all.cpuMs),
    [`${key}.memory_mb`]: figure(
      `${side}: peak resident memory of the exporter`,
      'MB',
      { value: peakMb },
      reach.memory,
    ),
    [`${key}.redis_kb_per_host`]: figure(`${side}: memory of Redis for a host`, 'kB', { value: redisKbPerHost }),
    [`${key}.redis_cpu_ms_per_push`]: ms('CPU of Redis for a push, all series changed', redisCpuMsPerPush),
  }
}

/** The cost of an exporter without hosts is subtracted, since it would hide the slope of the rest. */
function growthFigures(points, empty) {
  const exponent = of => {
    const above = point => Math.max(of(point) - of(empty), LEAST)
    return { value: slope(points.map(point => [point.hosts, above(point)])) }
  }
  const cpu = exponent(({ cold }) => cold.cpuMs)
  const memory = exponent(({ peakMb }) => peakMb)
  const where = `over ${points.map(({ hosts }) => hosts).join(', ')} hosts: exponent`
  const figures = {
    'redis.cold_exponent': figure(`CPU of the first scrape ${where}`, '', cpu, LINEAR),
    'redis.memory_exponent': figure(`memory of the exporter ${where}`, '', memory, LINEAR),
  }
  for (const { hosts, cold, warm, peakMb } of points.slice(0, -1)) {
    const key = `redis.${hosts}_hosts`
    figures[`${key}.cold_cpu_ms`] = figure(`${hosts} hosts: CPU of the first scrape`, 'ms', { value: cold.cpuMs })
    figures[`${key}.warm_cpu_ms`] = figure(`${hosts} hosts: CPU of a later scrape, 1 % changed`, 'ms', {
      value: warm.cpuMs,
    })
    figures[`${key}.memory_mb`] = figure(`${hosts} hosts: memory of the exporter`, 'MB', { value: peakMb })
  }
  return figures
}
