import type { Task } from '@promherd/core/forward'
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
 * The JSON encoding of OTLP: the mapping of Protocol Buffers, where 64-bit integers are strings, with trace ids in
 * hexadecimal digits. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function* encodeJson({ resource, scope, metrics }: MetricsRequest): Task<Buffer> {
  const attributes = JSON.stringify(attributesOf(resource))
  const head = `{"resourceMetrics":[{"resource":{"attributes":${attributes}},"scopeMetrics":[{"scope":`
  const pieces = [Buffer.from(`${head}${JSON.stringify(scope)},"metrics":[`)]
  let comma = ''
  for (const metric of metrics) {
    yield* addMetric(metric, comma, pieces)
    comma = ','
  }
  pieces.push(Buffer.from(']}]}]}'))
  return Buffer.concat(pieces)
}

function* addMetric(metric: Metric, before: string, pieces: Buffer[]): Task<void> {
  const { name, description, unit, kind, prometheusType } = metric
  const metadata = attributesOf([['prometheus.type', prometheusType]])
  const head = JSON.stringify({ name, description, unit, metadata }).slice(0, -1)
  pieces.push(Buffer.from(`${before}${head},"${kind}":{"dataPoints":[`))
  let comma = ''
  for (const group of groupsOf(metric)) {
    // Without the brackets of the list.
    pieces.push(Buffer.from(comma + JSON.stringify(group).slice(1, -1)))
    comma = ','
    yield
  }
  pieces.push(Buffer.from(`]${REST[kind]}}}`))
}

/** The text after the points. */
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

function histogramPoint({ count, sum, numbers, at, bounds, exemplars, ...point }: HistogramPoint): object {
  return {
    ...common(point),
    count: integer(count),
    sum: double(sum),
    bucketCounts: Array.from({ length: bounds.length + 1 }, (_, i) => integer(numbers[at + i]!)),
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

/** The exact value of the double. */
function integer(value: number | Nanoseconds): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}

/** JSON has no number for NaN and infinities. */
function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
