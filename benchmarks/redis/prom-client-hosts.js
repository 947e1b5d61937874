import { Redis } from 'ioredis'
import client from 'prom-client'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { FAMILY } from '../growth/herd-of-copies.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'
import { answers } from './conversation.js'

/** The same hosts with prom-client: each writes its registry to a key, as JSON. */

const { url, group, hosts, series } = settingsOfThisProcess()
const redis = new Redis(url)
const definition = { name: FAMILY, help: 'Durations.', labelNames: LABELS, buckets: DURATION_BUCKETS }
const histogram = new client.Histogram(definition)
const labelsOf = i => Object.fromEntries(seriesLabels(i).map((value, at) => [LABELS[at], value]))
for (let i = 0; i < series; i++) for (const seconds of observationsOf(1, i)) histogram.observe(labelsOf(i), seconds)

async function writeAll() {
  const json = JSON.stringify(await client.register.getMetricsAsJSON())
  for (let i = 0; i < hosts; i++) await redis.set(`${group}:host-${i}`, json)
}

await writeAll()
answers({
  async change(every) {
    for (let i = 0; i < series; i += every) histogram.observe(labelsOf(i), 0)
    await writeAll()
  },
  end: () => {},
})
