import type { Steps } from '@promherd/core/forward'
import type {
  Attribute,
  ExemplarPoint,
  HistogramPoint,
  Metric,
  Nanoseconds,
  NumberPoint,
  SummaryPoint,
} from './metric.ts'
import { CUMULATIVE, grouped, type MetricsRequest } from './request.ts'

/**
 * The JSON encoding of OTLP: the mapping of Protocol Buffers, where 64-bit integers are strings, with ids of traces in
 * hexadecimal digits. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function* encodeJson({ resource, scope, metrics }: MetricsRequest): Steps<Buffer> {
  const pieces = [
    `{"resourceMetrics":[{"resource":{"attributes":${JSON.stringify(attributesOf(resource))}},`,
    `"scopeMetrics":[{"scope":${JSON.stringify(scope)},"metrics":[`,
  ]
  let comma = ''
  for (const metric of metrics) {
    pieces.push(comma)
    yield* addMetric(metric, pieces)
    comma = ','
  }
  pieces.push(']}]}]}')
  return Buffer.from(pieces.join(''))
}

function* addMetric(metric: Metric, pieces: string[]): Steps<void> {
  const { name, description, unit, kind, prometheusType } = metric
  const metadata = attributesOf([['prometheus.type', prometheusType]])
  pieces.push(`${JSON.stringify({ name, description, unit, metadata }).slice(0, -1)},"${kind}":{"dataPoints":[`)
  let comma = ''
  for (const group of groupsOf(metric)) {
    for (const point of group) {
      pieces.push(comma + JSON.stringify(point))
      comma = ','
    }
    yield
  }
  pieces.push(`]${REST[kind]}}}`)
}

/** What follows the points. */
const REST: Readonly<Record<Metric['kind'], string>> = {
  gauge: '',
  sum: `,"aggregationTemporality":${CUMULATIVE},"isMonotonic":true`,
  histogram: `,"aggregationTemporality":${CUMULATIVE}`,
  summary: '',
}

function* groupsOf(metric: Metric): Generator<readonly object[]> {
  if (metric.kind === 'histogram') for (const group of grouped(metric.points)) yield group.map(histogramPoint)
  else if (metric.kind === 'summary') for (const group of grouped(metric.points)) yield group.map(summaryPoint)
  else for (const group of grouped(metric.points)) yield group.map(numberPoint)
}

function numberPoint({ value, exemplars, ...point }: NumberPoint): object {
  return { ...common(point), asDouble: double(value), ...exemplarsOf(exemplars) }
}

function histogramPoint({ count, sum, bucketCounts, bounds, exemplars, ...point }: HistogramPoint): object {
  return {
    ...common(point),
    count: integer(count),
    sum: double(sum),
    bucketCounts: Array.from(bucketCounts, integer),
    explicitBounds: bounds,
    ...exemplarsOf(exemplars),
  }
}

function summaryPoint({ count, sum, ...point }: SummaryPoint): object {
  return { ...common(point), count: integer(count), sum: double(sum) }
}

function common({ attributes, startedAt, takenAt }: Pick<NumberPoint, 'attributes' | 'startedAt' | 'takenAt'>): object {
  return {
    attributes: attributesOf(attributes),
    ...(startedAt === undefined ? {} : { startTimeUnixNano: integer(startedAt) }),
    timeUnixNano: integer(takenAt),
  }
}

function exemplarsOf(exemplars: readonly ExemplarPoint[]): object {
  if (exemplars.length === 0) return {}
  return {
    exemplars: exemplars.map(({ value, takenAt, traceId, spanId, attributes }) => ({
      filteredAttributes: attributesOf(attributes),
      timeUnixNano: integer(takenAt),
      asDouble: double(value),
      ...(traceId === undefined ? {} : { traceId }),
      ...(spanId === undefined ? {} : { spanId }),
    })),
  }
}

function attributesOf(attributes: readonly Attribute[]): object[] {
  return attributes.map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

/** Exactly the number that the double is. */
function integer(value: number | Nanoseconds): string {
  return BigInt(value).toString()
}

/** JSON has no number for those. */
function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
