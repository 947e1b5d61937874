import { FAMILY } from '../growth/herd-of-copies.js'
import { digestOf } from '../lib/samples.js'
import { converse } from './conversation.js'

/** A group of one size: its cost in Redis and in its endpoint, for the first and for later scrapes. */

const SIDES = {
  promherd: { hosts: './hosts.js', exporter: './exporter.js' },
  // No memory limit, so that the figure is the real need.
  prom_client: {
    hosts: './prom-client-hosts.js',
    exporter: './prom-client-exporter.js',
    flags: ['--max-old-space-size=8192'],
  },
}

/**
 * @param {'promherd' | 'prom_client'} side
 * @param {{ url: string, client: import('ioredis').Redis, hosts: number, series: number }} settings
 */
export async function measureGroup(side, { client, ...settings }) {
  const scripts = SIDES[side]
  const given = { ...settings, group: `${side}-${settings.hosts}` }
  const before = await redisUsage(client)
  const hosts = converse(new URL(scripts.hosts, import.meta.url), given)
  const exporter = converse(new URL(scripts.exporter, import.meta.url), given, scripts.flags)
  try {
    await Promise.all([hosts.ready, exporter.ready])
    const filled = await redisUsage(client)
    const { url, cold } = await coldScrape(exporter)
    await scrape(exporter, url)
    const unchanged = await redisUsage(client)
    await hosts.ask('change', 1)
    const changed = await redisUsage(client)
    const { text: _, ...all } = await scrape(exporter, url)
    await hosts.ask('change', 100)
    const { text, ...warm } = await scrape(exporter, url)
    const { peakMb } = await exporter.ask('usage')
    return {
      cold,
      warm,
      all,
      peakMb,
      redisKbPerHost: (filled.bytes - before.bytes) / 1000 / settings.hosts,
      redisCpuMsPerPush: (changed.cpuMs - unchanged.cpuMs) / settings.hosts,
      ...digestOf(text, [FAMILY]),
    }
  } finally {
    await hosts.ask('end').catch(() => {})
    await Promise.all([hosts.stop(), exporter.stop()])
    await client.flushall()
  }
}

/** From the start of a server to the last byte of its first response. */
async function coldScrape(exporter) {
  let url
  const cold = await timed(exporter, async () => {
    url = `${await exporter.ask('serve')}/metrics`
    return textOf(url)
  })
  return { url, cold: { ms: cold.ms, cpuMs: cold.cpuMs } }
}

function scrape(exporter, url) {
  return timed(exporter, () => textOf(url))
}

async function timed(exporter, work) {
  const before = await exporter.ask('usage')
  const startedAt = performance.now()
  const text = await work()
  const ms = performance.now() - startedAt
  const after = await exporter.ask('usage')
  return { ms, cpuMs: after.cpuMs - before.cpuMs, text }
}

async function textOf(url) {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} responded with ${response.status}: ${text}`)
  return text
}

async function redisUsage(client) {
  const info = await client.info('everything')
  const fact = name => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)[1])
  return { bytes: fact('used_memory'), cpuMs: 1000 * (fact('used_cpu_user') + fact('used_cpu_sys')) }
}
