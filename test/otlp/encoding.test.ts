import { createMonitor, type Snapshot } from '@promherd/core'
import { describe, expect, test } from 'vitest'
import { Numbers } from '../../packages/core/dist/snapshot/numbers.js'
import { runSync } from '../../packages/core/dist/snapshot/task.js'
import { encodeJson } from '../../packages/otlp/dist/encoding/json.js'
import { metricsOf } from '../../packages/otlp/dist/encoding/metrics-of.js'
import { encodeProtobuf } from '../../packages/otlp/dist/encoding/protobuf.js'
import { POINTS_A_STEP } from '../../packages/otlp/dist/encoding/request.js'
import { attributesOf, decodeJsonRequest, decodeRequest, type Plain } from './definitions.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

const family = (parts: object): Snapshot['families'][number] => ({
  name: 'test_total',
  type: 'counter',
  help: 'Some help.',
  labelNames: [],
  buckets: [],
  aggregator: 'sum',
  labels: [[]],
  values: Numbers.from([1]),
  ...parts,
})

/** What a request of these families is, by OpenTelemetry's definitions, in each encoding. */
function encodings(...families: Snapshot['families'][number][]): { protobuf: Plain; json: Plain } {
  const request = {
    resource: [['service.name', 'shop']] as const,
    scope: { name: 'promherd', version: '1.2.3' },
  }
  const snapshot: Snapshot = { takenAt: 1_800_000_000.5, startedAt: 1_700_000_000.5, herd: 'h', families }
  const metrics = () => metricsOf(snapshot)
  return {
    protobuf: decodeRequest(runSync(encodeProtobuf({ ...request, metrics: metrics() }))),
    json: decodeJsonRequest(runSync(encodeJson({ ...request, metrics: metrics() })).toString()),
  }
}

describe.each(['protobuf', 'json'] as const)('in %s', encoding => {
  const encoded = (...families: Snapshot['families'][number][]): Plain => encodings(...families)[encoding]
  const metrics = (...families: Snapshot['families'][number][]): Plain[] =>
    encoded(...families).resourceMetrics[0].scopeMetrics[0].metrics

  test('a request has one resource and one scope', () => {
    expect(encoded()).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeMetrics: [{ scope: { name: 'promherd', version: '1.2.3' } }],
        },
      ],
    })
  })

  test('a counter is a monotonic cumulative sum since the herd began', () => {
    const labels = [
      ['GET', '/naïve/"path"'],
      ['POST', ''],
    ]
    expect(metrics(family({ labelNames: ['method', 'route'], labels, values: Numbers.from([3, 2 ** 53]) }))).toEqual([
      {
        name: 'test_total',
        description: 'Some help.',
        metadata: [{ key: 'prometheus.type', value: { stringValue: 'counter' } }],
        ...(encoding === 'json' && { unit: '' }),
        sum: {
          aggregationTemporality: 2,
          isMonotonic: true,
          dataPoints: [
            {
              attributes: [
                { key: 'method', value: { stringValue: 'GET' } },
                { key: 'route', value: { stringValue: '/naïve/"path"' } },
              ],
              startTimeUnixNano: '1700000000500000000',
              timeUnixNano: '1800000000500000000',
              asDouble: 3,
            },
            // An empty label is none.
            {
              attributes: [{ key: 'method', value: { stringValue: 'POST' } }],
              startTimeUnixNano: '1700000000500000000',
              timeUnixNano: '1800000000500000000',
              asDouble: 2 ** 53,
            },
          ],
        },
      },
    ])
  })

  test.each([
    ['gauge', 'gauge'],
    ['untyped', 'unknown'],
  ])('a family of type %s is a gauge, without a start', (type, known) => {
    const [metric] = metrics(
      family({
        name: 'test_ratio',
        type,
        labelNames: ['a'],
        labels: [['1'], ['2'], ['3']],
        values: Numbers.from([-0.5, Number.NaN, Number.POSITIVE_INFINITY]),
      }),
    )
    expect(attributesOf(metric.metadata)).toEqual({ 'prometheus.type': known })
    expect(metric.unit).toBe('1')
    expect(metric.gauge.dataPoints.map(({ attributes: _, ...point }: Plain) => point)).toEqual(
      [-0.5, Number.NaN, Number.POSITIVE_INFINITY].map(asDouble => ({ timeUnixNano: '1800000000500000000', asDouble })),
    )
  })

  test('a gauge that merges by a mean has its first number', () => {
    const [metric] = metrics(family({ type: 'gauge', aggregator: 'average', values: Numbers.from([0.5, 4], 2) }))
    expect(metric.gauge.dataPoints[0].asDouble).toBe(0.5)
  })

  test('a histogram has bounds, counts that are not cumulative, a count and a sum', () => {
    const values = Numbers.from([1, 0, 2 ** 40, 2.5], 4)
    const [metric] = metrics(family({ name: 'test_seconds', type: 'histogram', buckets: [0.1, 1], values }))
    expect(metric.unit).toBe('s')
    expect(metric.histogram).toEqual({
      aggregationTemporality: 2,
      dataPoints: [
        {
          startTimeUnixNano: '1700000000500000000',
          timeUnixNano: '1800000000500000000',
          count: String(2 ** 40 + 1),
          sum: 2.5,
          bucketCounts: ['1', '0', String(2 ** 40)],
          explicitBounds: [0.1, 1],
        },
      ],
    })
  })

  test('a summary has sum and count, and its quantiles by worker are a gauge', () => {
    const [summary, quantiles, ...others] = metrics(
      family({
        name: 'test_seconds',
        type: 'summary',
        values: Numbers.from([7.5, 3], 2),
        quantiles: {
          labelNames: ['quantile', 'worker'],
          labels: [
            ['0.5', '1'],
            ['0.5', '2'],
          ],
          values: Numbers.from([2, 3]),
        },
      }),
    )
    expect(others).toEqual([])
    expect(summary.summary.dataPoints).toMatchObject([
      { startTimeUnixNano: '1700000000500000000', timeUnixNano: '1800000000500000000', count: '3', sum: 7.5 },
    ])
    expect(quantiles.name).toBe('test_seconds_quantile')
    const points = quantiles.gauge.dataPoints.map((point: Plain) => [attributesOf(point.attributes), point.asDouble])
    expect(points).toEqual([
      [{ quantile: '0.5', worker: '1' }, 2],
      [{ quantile: '0.5', worker: '2' }, 3],
    ])
  })

  test('exemplars lead to their traces, and other labels of theirs are attributes', () => {
    const exemplar = (labels: [string, string][], value: number) => ({ labels, value, timestamp: 1_750_000_000.5 })
    const ids: [string, string][] = [
      ['trace_id', TRACE],
      ['span_id', SPAN.toUpperCase()],
      ['user', 'a'],
    ]
    const exemplars = new Map([[0, [exemplar(ids, 0.05), undefined, exemplar([['trace_id', 'mine']], 3)]]])
    const histogram = {
      name: 'test_seconds',
      type: 'histogram',
      buckets: [0.1, 1],
      values: Numbers.from([1, 0, 1, 3], 4),
    }
    const [metric, sum] = metrics(
      family({ ...histogram, exemplars }),
      family({ exemplars: new Map([[0, [exemplar(ids, 1)]]]) }),
    )
    const first = {
      filteredAttributes: [{ key: 'user', value: { stringValue: 'a' } }],
      timeUnixNano: '1750000000500000000',
      traceId: Buffer.from(TRACE, 'hex').toString('base64'),
      spanId: Buffer.from(SPAN, 'hex').toString('base64'),
    }
    expect(metric.histogram.dataPoints[0].exemplars).toEqual([
      { ...first, asDouble: 0.05 },
      {
        filteredAttributes: [{ key: 'trace_id', value: { stringValue: 'mine' } }],
        timeUnixNano: '1750000000500000000',
        asDouble: 3,
      },
    ])
    expect(sum.sum.dataPoints[0].exemplars).toEqual([{ ...first, asDouble: 1 }])
  })

  test('each of many series is there once', () => {
    const names = Array.from({ length: 2 * POINTS_A_STEP + 1 }, (_, i) => [String(i)])
    const values = Numbers.from(names.map((_, i) => i))
    const [metric] = metrics(family({ labelNames: ['n'], labels: names, values }))
    const points = metric.sum.dataPoints.map((point: Plain) => [attributesOf(point.attributes)['n'], point.asDouble])
    expect(points).toEqual(names.map(([name], i) => [name, i]))
  })
})

test('a snapshot of a single process can be sent', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  monitor.counter({ name: 'test_total', help: 'Some help.' }).inc(2)
  const snapshot = await monitor.snapshot()
  await monitor.close()
  const metrics = [...metricsOf(snapshot)]
  expect(metrics.map(({ name }) => name)).toEqual(snapshot.families.map(({ name }) => name))
  const [point] = metrics.find(({ name }) => name === 'test_total')!.points
  expect(point).toMatchObject({ value: 2, attributes: [] })
  expect(point!.startedAt).toBeLessThanOrEqual(point!.takenAt)
})

test.each([encodeProtobuf, encodeJson])('%o encodes a bounded number of points in a step', encode => {
  let points = 0
  let most = 0
  const labels = Array.from({ length: 1000 }, (_, i) => [String(i)])
  const counted = family({ labelNames: ['n'], labels, values: Numbers.from(labels.map(() => 1)) })
  const [metric] = metricsOf({ takenAt: 1, startedAt: 1, herd: 'h', families: [counted] })
  const watched = {
    ...metric!,
    points: (function* () {
      for (const point of metric!.points) {
        points++
        yield point
      }
    })(),
  }
  const steps = encode({ resource: [], scope: { name: '', version: '' }, metrics: [watched as never] })
  for (let before = 0; !steps.next().done; before = points) most = Math.max(most, points - before)
  expect(points).toBe(1000)
  expect(most).toBe(POINTS_A_STEP)
})
