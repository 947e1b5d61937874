import cluster from 'node:cluster'
import client from 'prom-client'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'
import { FAMILY, lead, work, workersHere } from './stage.js'

/** The aggregation of prom-client: the primary requests the metrics of every worker over IPC and adds them. */

const settings = settingsOfThisProcess()

if (cluster.isPrimary) {
  // prom-client has a fixed timeout of five seconds. It is longer here, so that the full time is measured.
  const { setTimeout: timer } = globalThis
  globalThis.setTimeout = (act, ms, ...rest) => timer(act, ms === 5000 ? 100_000 : ms, ...rest)
  const registry = new client.AggregatorRegistry()
  await lead(settings, async () => ({ pieces: [await registry.clusterMetrics()] }))
} else {
  new client.AggregatorRegistry()
  const [worker] = workersHere(settings)
  const histogram = new client.Histogram({
    name: FAMILY,
    help: 'Durations.',
    labelNames: LABELS,
    buckets: DURATION_BUCKETS,
  })
  const labelsOf = i => Object.fromEntries(seriesLabels(i).map((value, at) => [LABELS[at], value]))
  work({
    fill() {
      for (let i = 0; i < settings.series; i++) {
        for (const seconds of observationsOf(worker, i)) histogram.observe(labelsOf(i), seconds)
      }
    },
    change() {
      for (let i = 0; i < settings.series; i += 100) histogram.observe(labelsOf(i), 1)
    },
  })
}
