import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { VERSION } from '../../packages/core/dist/base/version.js'
import { until } from '../support/until.js'
import { ForwardingHerd } from './herd.js'
import { type Push, Receiver } from './receiver.js'

const INTERVAL = 0.2

test('a receiver has the exact counts of two workers under load', async () => {
  const receiver = await Receiver.start()
  const herd = await ForwardingHerd.start({ url: receiver.url, interval: INTERVAL })
  for (let i = 0; i < 50; i++) await Promise.all([herd.get('/'), herd.get('/observe'), herd.get('/')])
  const push = await receiver.push('150 requests', each => each.sum('http_requests_total') === 150)
  expect(push.path).toBe('/v1/metrics')
  expect(push.scope).toEqual({ name: 'promherd', version: VERSION })
  expect(push.sum('http_request_duration_seconds')).toBe(150)
  expect(push.sum('promherd_worker_requests_total')).toBe(150)
  expect(push.points('promherd_worker_requests_total')).toHaveLength(2)
  const [observed, ...others] = push.points('test_observed_seconds')
  expect(others).toEqual([])
  expect(observed).toMatchObject({ count: '50', bucketCounts: ['50', '0', '0'], explicitBounds: [0.1, 1] })
  expect(observed.sum).toBeCloseTo(2.5)
  expect(push.metric('http_requests_total').sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true })
  expect(push.metric('http_request_duration_seconds').unit).toBe('s')
  expect(push.metric('promherd_workers').gauge).toBeDefined()
})

test('a worker is killed between two pushes: no counter falls and no start time changes', async () => {
  const receiver = await Receiver.start()
  const herd = await ForwardingHerd.start({ url: receiver.url, interval: INTERVAL })
  for (let i = 0; i < 20; i++) await herd.get('/observe')
  const before = await receiver.push('20 requests', push => push.sum('http_requests_total') === 20)
  const victim = await herd.pidOf(1)
  process.kill(victim, 'SIGKILL')
  await until(async () => ![Number.NaN, victim].includes(await herd.pidOf(1)), { what: 'another worker 1' })
  await until(async () => (await herd.value('promherd_workers', { state: 'running' })) === 2, { what: 'two workers' })
  for (let i = 0; i < 20; i++) await herd.get('/observe')
  const after = await receiver.push('40 requests', push => push.sum('http_requests_total') === 40)
  expect(after.sum('promherd_worker_restarts_total', { reason: 'killed' })).toBe(1)
  expect(after.sum('test_observed_seconds')).toBe(40)
  expectNothingFalls(receiver.pushes)
  expect(after.resource).toEqual(before.resource)
})

/** No cumulative value is less than in the push before, and each began when all began. */
function expectNothingFalls(pushes: readonly Push[]): void {
  const known: Push['cumulative'] = new Map()
  const starts = new Set<string>()
  for (const push of pushes) {
    for (const [series, { value, startedAt }] of push.cumulative) {
      expect(value, series).toBeGreaterThanOrEqual(known.get(series)?.value ?? 0)
      known.set(series, { value, startedAt })
      starts.add(startedAt)
    }
  }
  expect(known.size).toBeGreaterThan(10)
  expect(starts.size).toBe(1)
}

test('headers and resource attributes are sent, those of the options before those of the environment', async () => {
  const receiver = await Receiver.start()
  const options = { headers: { 'x-tenant': 'options' }, resource: { team: 'options' }, interval: INTERVAL }
  await ForwardingHerd.start(options, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/base/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%2Cb,X-Tenant=environment,x-all=all',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-all=metrics',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=attribute,team=environment,deployment.environment.name=staging',
    OTEL_SERVICE_NAME: 'shop',
  })
  const push = await receiver.push('anything')
  expect(push.path).toBe('/base/v1/metrics')
  expect(push.headers).toMatchObject({
    authorization: 'Bearer a,b',
    'x-tenant': 'options',
    'x-all': 'metrics',
    'content-type': 'application/x-protobuf',
    'user-agent': `promherd-otlp/${VERSION}`,
  })
  expect(push.resource).toEqual({
    'service.name': 'shop',
    'service.instance.id': expect.stringMatching(`^${hostname()}/[0-9a-z]+$`),
    team: 'options',
    'deployment.environment.name': 'staging',
  })
})

test('the last counts of a herd that ends in order are sent', async () => {
  const receiver = await Receiver.start()
  const herd = await ForwardingHerd.start({ url: receiver.url, interval: 3600 })
  await receiver.push('anything')
  for (let i = 0; i < 10; i++) await herd.get('/')
  expect(await herd.process.stop()).toEqual({ code: 0, signal: null })
  expect(receiver.pushes.map(push => push.sum('http_requests_total'))).toEqual([0, 10])
})
