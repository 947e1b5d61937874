import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningExample, startClustered } from '../support/example.ts'
import { runProcess } from '../support/process.ts'
import { type Prometheus, type Result, startPrometheus } from '../support/prometheus.ts'
import { readWithPython } from '../support/python.ts'
import { parseText, select, sum } from '../support/samples.ts'
import { isSkipped, needs } from '../support/skip.ts'
import { until } from '../support/until.ts'

/** A real Prometheus scrapes a real herd; the tests follow one another, on the same herd. */

const FIRST_ROUND = 60
const SECOND_ROUND = 20
const PATHS = ['/', '/items/1', '/items/9', '/api/v1/users/7', '/error']

let herd: RunningExample

beforeAll(async () => {
  herd = await startClustered('express', 2)
  await send(FIRST_ROUND)
})

afterAll(() => herd?.stop())

describe('Prometheus', () => {
  let prometheus: Prometheus | undefined

  beforeAll(async () => {
    if (!isSkipped('prometheus')) prometheus = await startPrometheus(herd.metricsUrl)
  })
  afterAll(() => prometheus?.stop())
  beforeEach(context => needs(context, 'prometheus'))

  test('has exactly the requests that were sent', async () => {
    expect(await settled('sum(http_requests_total)', FIRST_ROUND * PATHS.length)).toBe(FIRST_ROUND * PATHS.length)
    const perRoute = await query('sum by (route, status_code) (http_requests_total)')
    expect(perRoute.map(({ metric, value }) => [metric['route'], metric['status_code'], value]).sort()).toEqual([
      ['/', '200', FIRST_ROUND],
      ['/api/v1/users/:id', '200', FIRST_ROUND],
      ['/error', '500', FIRST_ROUND],
      ['/items/:id', '200', FIRST_ROUND],
      ['/items/:id', '404', FIRST_ROUND],
    ])
  })

  test('sees neither a gap nor a spike when a worker is killed', async () => {
    await until(async () => ((await value('min(count_over_time(http_requests_total[1h]))')) ?? 0) >= 3, {
      what: 'three scrapes before the kill',
    })
    const [victim] = select(await herd.scrape(), 'promherd_worker_info', { worker: '1' })
    const pid = Number(victim?.labels['pid'])
    process.kill(pid, 'SIGKILL')
    await until(async () => ((await value(`count(promherd_worker_info{worker="1",pid!="${pid}"})`)) ?? 0) === 1, {
      what: 'a scrape that shows another process as worker 1',
    })
    await send(SECOND_ROUND)
    const total = (FIRST_ROUND + SECOND_ROUND) * PATHS.length
    expect(await settled('sum(http_requests_total)', total)).toBe(total)
    expect(await value('sum(promherd_worker_requests_total)')).toBe(total)
    expect(await value('sum(resets(http_requests_total[1h]))')).toBe(0)
    expect(await value('min(min_over_time(up[1h]))')).toBe(1)
    // Prometheus extrapolates by up to half an interval at both ends; a reset would add all of the first round.
    const grown = await value('sum(increase(http_requests_total[1h]))')
    expect(grown).toBeGreaterThanOrEqual(SECOND_ROUND * PATHS.length)
    expect(grown).toBeLessThan(FIRST_ROUND * PATHS.length)
    expect(await value('sum(rate(http_requests_total[1h]))')).toBeGreaterThan(0)
  })

  async function query(promql: string): Promise<Result[]> {
    return prometheus!.query(promql)
  }

  /** The value of a query that has one, or undefined where it has none yet. */
  async function value(promql: string): Promise<number | undefined> {
    return (await query(promql))[0]?.value
  }

  /** The value once it is what was expected, or the last one there was. */
  async function settled(promql: string, expected: number): Promise<number | undefined> {
    await until(async () => (await value(promql)) === expected, { what: `${promql} to be ${expected}` }).catch(() => {})
    return value(promql)
  }
})

test('promtool accepts every family', async context => {
  needs(context, 'promtool')
  const text = await metricsText()
  expect(sum(parseText(text), 'http_requests_total')).toBeGreaterThan(0)
  expect(await runProcess('promtool', ['check', 'metrics'], { input: text })).toEqual({
    code: 0,
    signal: null,
    output: '',
  })
})

test("Python's client reads every sample correctly", async context => {
  needs(context, 'prometheus-client')
  const text = await metricsText()
  const ours = parseText(text).map(({ name, labels, value }) => [name, labels, value])
  expect(await readWithPython(text)).toEqual(ours)
})

async function metricsText(): Promise<string> {
  return (await fetch(herd.metricsUrl)).text()
}

async function send(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // A connection each, so that both workers get some.
    const responses = PATHS.map(path => fetch(herd.url + path, { headers: { connection: 'close' } }))
    for (const response of await Promise.all(responses)) await response.arrayBuffer()
  }
}
