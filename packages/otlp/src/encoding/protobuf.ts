import type { Task } from '@promherd/core/forward'
import protobuf from 'protobufjs/minimal.js'
import type { Attribute, ExemplarPoint, HistogramPoint, Metric, NumberPoint, SummaryPoint } from './metric.ts'
import { CUMULATIVE, grouped, type MetricsRequest } from './request.ts'

/**
 * The binary encoding of OTLP, an ExportMetricsServiceRequest. The numbers are those of the fields in metrics.proto,
 * common.proto and resource.proto; the tests decode with OpenTelemetry's own definitions.
 *
 * A message is preceded by its length, so it is encoded after all its parts. Points are encoded in groups, in steps of
 * some tenths of a millisecond, since the process that forwards may have connections to accept.
 */
export function* encodeProtobuf({ resource, scope, metrics }: MetricsRequest): Task<Buffer> {
  const parts: Buffer[] = []
  for (const metric of metrics) parts.push(...message(2, yield* metricParts(metric)))
  const scopeMetrics = [bytes(writer => nested(writer, 1, () => addScope(writer, scope))), ...parts]
  const resourceMetrics = [
    bytes(writer => nested(writer, 1, () => addAttributes(writer, 1, resource))),
    ...message(2, scopeMetrics),
  ]
  return Buffer.concat(message(1, resourceMetrics))
}

/** The wire types: how a field is encoded, in the lowest three bits of its tag. */
const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2

type Writer = protobuf.Writer

/** The bytes that `write` produces. */
function bytes(write: (writer: Writer) => void): Buffer {
  const writer = protobuf.Writer.create()
  write(writer)
  return writer.finish() as Buffer
}

/** A field that is a message, from encoded parts. */
function message(field: number, parts: readonly Buffer[]): Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return [bytes(writer => tagged(writer, field, DELIMITED).uint32(length)), ...parts]
}

/** A field that is a message, or packed numbers, written by `write`. */
function nested(writer: Writer, field: number, write: () => void): void {
  tagged(writer, field, DELIMITED).fork()
  write()
  writer.ldelim()
}

function tagged(writer: Writer, field: number, wireType: number): Writer {
  return writer.uint32((field << 3) | wireType)
}

function text(writer: Writer, field: number, value: string): void {
  if (value !== '') tagged(writer, field, DELIMITED).string(value)
}

function fixed64(writer: Writer, field: number, value: number): void {
  tagged(writer, field, FIXED64).fixed64(value)
}

function double(writer: Writer, field: number, value: number): void {
  tagged(writer, field, FIXED64).double(value)
}

function addScope(writer: Writer, { name, version }: MetricsRequest['scope']): void {
  text(writer, 1, name)
  text(writer, 2, version)
}

/** The field of Metric that contains the points of each kind, and the bytes after the points. */
const KINDS: Readonly<Record<Metric['kind'], { readonly field: number; readonly rest: Buffer }>> = {
  gauge: { field: 5, rest: Buffer.alloc(0) },
  sum: { field: 7, rest: bytes(writer => tagged(tagged(writer, 2, VARINT).uint32(CUMULATIVE), 3, VARINT).bool(true)) },
  histogram: { field: 9, rest: bytes(writer => tagged(writer, 2, VARINT).uint32(CUMULATIVE)) },
  summary: { field: 11, rest: Buffer.alloc(0) },
}

function* metricParts(metric: Metric): Task<Buffer[]> {
  const points: Buffer[] = []
  for (const write of groupsOf(metric)) {
    points.push(bytes(write))
    yield
  }
  const { field, rest } = KINDS[metric.kind]
  const head = bytes(writer => {
    text(writer, 1, metric.name)
    text(writer, 2, metric.description)
    text(writer, 3, metric.unit)
    addAttributes(writer, 12, [['prometheus.type', metric.prometheusType]])
  })
  return [head, ...message(field, [...points, rest])]
}

function* groupsOf(metric: Metric): Generator<(writer: Writer) => void> {
  if (metric.kind === 'histogram') yield* written(metric.points, addHistogramPoint)
  else if (metric.kind === 'summary') yield* written(metric.points, addSummaryPoint)
  else yield* written(metric.points, addNumberPoint)
}

function* written<T>(points: Iterable<T>, add: (writer: Writer, point: T) => void) {
  for (const group of grouped(points)) {
    yield (writer: Writer): void => {
      for (const point of group) nested(writer, 1, () => add(writer, point))
    }
  }
}

function addTimes(writer: Writer, { startedAt, takenAt }: Pick<NumberPoint, 'startedAt' | 'takenAt'>): void {
  if (startedAt !== undefined) fixed64(writer, 2, startedAt)
  fixed64(writer, 3, takenAt)
}

function addNumberPoint(writer: Writer, point: NumberPoint): void {
  addAttributes(writer, 7, point.attributes)
  addTimes(writer, point)
  double(writer, 4, point.value)
  addExemplars(writer, 5, point.exemplars)
}

function addHistogramPoint(writer: Writer, point: HistogramPoint): void {
  const { numbers, at, bounds } = point
  addAttributes(writer, 9, point.attributes)
  addTimes(writer, point)
  fixed64(writer, 4, point.count)
  double(writer, 5, point.sum)
  nested(writer, 6, () => {
    for (let i = at; i <= at + bounds.length; i++) writer.fixed64(numbers[i]!)
  })
  nested(writer, 7, () => {
    for (const bound of bounds) writer.double(bound)
  })
  addExemplars(writer, 8, point.exemplars)
}

function addSummaryPoint(writer: Writer, point: SummaryPoint): void {
  addAttributes(writer, 7, point.attributes)
  addTimes(writer, point)
  fixed64(writer, 4, point.count)
  double(writer, 5, point.sum)
}

function addExemplars(writer: Writer, field: number, exemplars: readonly ExemplarPoint[]): void {
  for (const { value, takenAt, traceId, spanId, attributes } of exemplars) {
    nested(writer, field, () => {
      addAttributes(writer, 7, attributes)
      fixed64(writer, 2, takenAt)
      double(writer, 3, value)
      if (spanId !== undefined) tagged(writer, 4, DELIMITED).bytes(Buffer.from(spanId, 'hex'))
      if (traceId !== undefined) tagged(writer, 5, DELIMITED).bytes(Buffer.from(traceId, 'hex'))
    })
  }
}

/** Each is a KeyValue, whose value is an AnyValue that is a string. */
function addAttributes(writer: Writer, field: number, attributes: readonly Attribute[]): void {
  for (const [key, value] of attributes) {
    nested(writer, field, () => {
      text(writer, 1, key)
      nested(writer, 2, () => tagged(writer, 1, DELIMITED).string(value))
    })
  }
}
