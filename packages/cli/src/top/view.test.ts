import { expect, test } from 'vitest'
import { samplesOfText } from './samples.ts'
import { viewOf } from './view.ts'

const view = (before: string, after: string, seconds = 2) =>
  viewOf(samplesOfText(before, 10), samplesOfText(after, 10 + seconds))

test('a missing value is null, and never 0', () => {
  const { requests, workers, byWorker, byRoute } = view('', '')
  expect(Object.values(requests)).toEqual([null, null, null, null, null])
  expect(Object.values(workers)).toEqual([null, null, null])
  expect([byWorker, byRoute]).toEqual([[], []])
  const [worker] = view('', 'promherd_worker_info{worker="1",pid="7"} 1').byWorker
  expect(Object.values(worker ?? {}).filter(value => value !== null)).toEqual(['1', 7])
})

test('a counter that decreased has been reset', () => {
  const [worker] = view(
    'promherd_worker_info{worker="1",pid="7"} 1\npromherd_worker_requests_total{worker="1"} 100',
    'promherd_worker_info{worker="1",pid="7"} 1\npromherd_worker_requests_total{worker="1"} 6',
  ).byWorker
  expect(worker?.requestsPerSecond).toBe(3)
})

test('a series that did not exist before began at 0', () => {
  const count = (route: string, value: number) =>
    `http_request_duration_seconds_bucket{method="GET",route="${route}",status_code="200",le="+Inf"} ${value}
http_request_duration_seconds_count{method="GET",route="${route}",status_code="200"} ${value}\n`
  const { byRoute, requests } = view(count('/a', 5), count('/a', 7) + count('/b', 4))
  expect(byRoute.map(({ route, perSecond }) => [route, perSecond])).toEqual([
    ['/b', 2],
    ['/a', 1],
  ])
  expect(requests.perSecond).toBe(3)
})

test('quotes and backslashes in label values are unescaped', () => {
  const text = 'promherd_worker_state{worker="1",state="a\\\\b\\"c,d=\\"e"} 1'
  expect(view(text, text).byWorker[0]?.state).toBe('a\\b"c,d="e')
})

test('workers are sorted by their numbers, without the primary', () => {
  const text = ['10', '2', '0', '1'].map(worker => `promherd_worker_info{worker="${worker}",pid="1"} 1`).join('\n')
  expect(view(text, text).byWorker.map(({ worker }) => worker)).toEqual(['1', '2', '10'])
})

test("OpenTelemetry's names are read, too", () => {
  const text = (
    value: number,
  ) => `http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/a",le="1"} ${value}
http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/a",le="+Inf"} ${value}
http_server_request_duration_seconds_count{http_request_method="GET",http_route="/a"} ${value}
http_server_active_requests{http_request_method="GET"} 3`
  const { requests, byRoute } = view(text(0), text(8))
  expect(requests).toEqual({ perSecond: 4, errorsPerSecond: 0, p50Seconds: 0.5, p99Seconds: 0.99, inFlight: 3 })
  expect(byRoute.map(({ method, route, perSecond }) => [method, route, perSecond])).toEqual([['GET', '/a', 4]])
})
