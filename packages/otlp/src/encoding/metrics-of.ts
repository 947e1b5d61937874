import type { Exemplar, Family, Snapshot } from '@promherd/core/forward'
import {
  type Attribute,
  type ExemplarPoint,
  type HistogramPoint,
  type Metric,
  type Nanoseconds,
  type NumberPoint,
  nanoseconds,
  type SummaryPoint,
} from './metric.ts'
import { unitOf } from './unit.ts'

/**
 * Converts a snapshot to metrics of OTLP, under their Prometheus names. Points are created when they are requested: a
 * herd can have some ten thousand, and none is kept.
 */
export function* metricsOf({ takenAt, startedAt, families }: Snapshot): Generator<Metric> {
  const times = { startedAt: nanoseconds(startedAt), takenAt: nanoseconds(takenAt) }
  for (const family of families) {
    yield metricOf(family, times)
    const quantiles = quantilesOf(family)
    if (quantiles !== undefined) yield metricOf(quantiles, times)
  }
}

interface Times {
  readonly startedAt: Nanoseconds
  readonly takenAt: Nanoseconds
}

function metricOf(family: Family, times: Times): Metric {
  const { name, type, help } = family
  const described = {
    name,
    description: help,
    unit: unitOf(name),
    prometheusType: type === 'untyped' ? 'unknown' : type,
  }
  if (type === 'histogram') return { ...described, kind: 'histogram', points: histogramPoints(family, times) }
  if (type === 'summary') return { ...described, kind: 'summary', points: summaryPoints(family, times) }
  if (type === 'counter') return { ...described, kind: 'sum', points: numberPoints(family, times) }
  const { takenAt } = times
  return { ...described, kind: 'gauge', points: numberPoints(family, { takenAt, startedAt: undefined }) }
}

/**
 * The quantiles of a summary as a gauge of their own. They are per worker, while sum and count are of all workers; a
 * summary point has both or neither, and a count of 0 together with quantiles would be false.
 */
function quantilesOf({ name, help, quantiles }: Family): Family | undefined {
  if (quantiles === undefined || quantiles.labels.length === 0) return undefined
  return { name: `${name}_quantile`, help, type: 'gauge', buckets: [], aggregator: 'worker', ...quantiles }
}

function* numberPoints(
  family: Family,
  { startedAt, takenAt }: Pick<NumberPoint, 'startedAt' | 'takenAt'>,
): Generator<NumberPoint> {
  for (const { series, labels, page, at } of rowsOf(family)) {
    const attributes = attributesOf(family, labels)
    yield { attributes, startedAt, takenAt, value: page[at]!, exemplars: exemplarPoints(family, series) }
  }
}

function* histogramPoints(family: Family, { startedAt, takenAt }: Times): Generator<HistogramPoint> {
  const { buckets: bounds } = family
  for (const { series, labels, page, at } of rowsOf(family)) {
    const end = at + bounds.length + 1
    let count = 0
    for (let i = at; i < end; i++) count += page[i]!
    const attributes = attributesOf(family, labels)
    const exemplars = exemplarPoints(family, series)
    yield { attributes, startedAt, takenAt, count, sum: page[end]!, numbers: page, at, bounds, exemplars }
  }
}

function* summaryPoints(family: Family, { startedAt, takenAt }: Times): Generator<SummaryPoint> {
  for (const { labels, page, at } of rowsOf(family)) {
    const attributes = attributesOf(family, labels)
    yield { attributes, startedAt, takenAt, sum: page[at]!, count: page[at + 1]! }
  }
}

/** A series, with the page and the index at which its numbers begin. */
interface Row {
  readonly series: number
  readonly labels: readonly string[]
  readonly page: Float64Array
  readonly at: number
}

function* rowsOf({ labels, values }: Family): Generator<Row> {
  let series = 0
  for (const page of values.pages) {
    for (let at = 0; at < page.length && series < labels.length; at += values.width) {
      yield { series, labels: labels[series]!, page, at }
      series++
    }
  }
}

/** Prometheus treats an empty label value as no label. */
function attributesOf({ labelNames }: Family, labels: readonly string[]): Attribute[] {
  const attributes: Attribute[] = []
  for (const [i, value] of labels.entries()) if (value !== '') attributes.push([labelNames[i]!, value])
  return attributes
}

function exemplarPoints({ exemplars }: Family, series: number): readonly ExemplarPoint[] {
  const given = exemplars?.get(series)
  return given === undefined ? NONE : given.flatMap(each => (each === undefined ? [] : [exemplarPoint(each)]))
}

const NONE: readonly ExemplarPoint[] = []

function exemplarPoint({ labels, value, timestamp }: Exemplar): ExemplarPoint {
  const traceId = idIn(labels, 'trace_id', TRACE_ID)
  const spanId = idIn(labels, 'span_id', SPAN_ID)
  const isId = (name: string): boolean =>
    (name === 'trace_id' && traceId !== undefined) || (name === 'span_id' && spanId !== undefined)
  return {
    value,
    takenAt: nanoseconds(timestamp),
    traceId,
    spanId,
    attributes: labels.filter(([name]) => !isId(name)),
  }
}

/** A value that is not a valid OpenTelemetry id stays an attribute. */
function idIn(labels: Exemplar['labels'], name: string, form: RegExp): string | undefined {
  const id = labels.find(([key]) => key === name)?.[1].toLowerCase()
  return id !== undefined && form.test(id) && !/^0+$/.test(id) ? id : undefined
}

const TRACE_ID = /^[0-9a-f]{32}$/
const SPAN_ID = /^[0-9a-f]{16}$/
