import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { histogram } from '@promherd/core'
import client from 'prom-client'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'

/** A worker: fills its series, and then adds one observation for each request. */

const { side, series } = settingsOfThisProcess()
const about = { name: 'bench_duration_seconds', help: 'Durations.', buckets: DURATION_BUCKETS }
const observe = side === 'promherd' ? ofPromherd() : ofPromClient()

for (let i = 0; i < series; i++) for (const seconds of observationsOf(1, i)) observe(i, seconds)
// Otherwise all workers would collect the garbage of this loop at the same time, half a minute later, during a run.
setFlagsFromString('--expose-gc')
runInNewContext('gc')()
let next = 0
// A keep-alive connection must stay open during the scrapes between two requests.
const server = createServer({ keepAliveTimeout: 100_000 }, (_, response) => {
  observe(next++ % series, 0.01)
  response.end('Hello')
}).listen(0, '127.0.0.1', () => process.send({ filled: true, port: server.address().port }))

function ofPromherd() {
  const durations = histogram({ ...about, labels: LABELS, maxSeries: series + 1 })
  return (i, seconds) => durations.labels(...seriesLabels(i)).observe(seconds)
}

function ofPromClient() {
  if (cluster.isWorker) new client.AggregatorRegistry()
  const durations = new client.Histogram({ ...about, labelNames: LABELS })
  return (i, seconds) => durations.labels(...seriesLabels(i)).observe(seconds)
}
