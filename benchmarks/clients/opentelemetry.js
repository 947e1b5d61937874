import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { DURATION, HELP, REQUESTS } from './names.js'

/** The SDK of OpenTelemetry with its Prometheus exporter. The text is created without a server. */
export function open({ counter, series }) {
  const reader = new PrometheusExporter({ preventServerStart: true })
  // By default, each instrument has at most 2,000 series and an overflow series.
  const views = [{ instrumentName: '*', aggregationCardinalityLimit: series + 1 }]
  const provider = new MeterProvider({ readers: [reader], views })
  const meter = provider.getMeter('bench')
  const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] }
  const duration = meter.createHistogram(DURATION, { description: HELP, advice })
  const requests = counter ? meter.createCounter(REQUESTS, { description: HELP }) : undefined
  const serializer = new PrometheusSerializer('', false, undefined, true, true)
  return {
    record: ({ method, route, status, seconds }) => {
      const attributes = { method, route, status_code: status }
      duration.record(seconds, attributes)
      requests?.add(1, attributes)
    },
    text: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    close: () => provider.shutdown(),
  }
}
