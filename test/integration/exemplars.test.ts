import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { get, startReady } from '../cluster/running.ts'
import { type Prometheus, startPrometheus } from '../support/prometheus.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'

const ENTRY = fileURLToPath(new URL('./fixtures/exemplars.mjs', import.meta.url))

test('Prometheus stores the exemplars of prom-client in two workers, and returns them as they were given', async context => {
  needs(context, 'prometheus')
  const running = await startReady({ env: { ENTRY } })
  const workers = new Set<number>()
  const observe = async (value: number, trace: string): Promise<[object, object]> => {
    const { worker, observed, counted } = JSON.parse((await get(running.appUrl(`/${value}/${trace}`))).body)
    workers.add(worker)
    // Exemplars differ in their milliseconds.
    await until(() => Date.now() / 1000 > counted, { what: 'the next millisecond' })
    const labels = { trace_id: trace }
    return [
      { labels, value: String(value), timestamp: observed },
      { labels, value: '1', timestamp: counted },
    ]
  }
  const given: [observed: object, counted: object][] = []
  // The newest of the first bucket is one worker's, those of the others the other's.
  for (const [i, value] of [0.25, 2, 0.5, 3, 0.75, 0.875].entries()) given.push(await observe(value, `trace-${i}`))
  expect(workers).toEqual(new Set([1, 2]))
  const prometheus = await startPrometheus(running.metricsUrl(), ['--enable-feature=exemplar-storage'])
  onTestFinished(() => prometheus.stop())

  const series = (name: string, more: object, ...own: unknown[]): object => ({
    seriesLabels: { __name__: name, of: 'a "b"', job: 'herd', ...more },
    exemplars: own,
  })
  const expected = [
    series('work_seconds_bucket', { le: '+Inf' }, given[3]![0]),
    series('work_seconds_bucket', { le: '0.5' }, given[2]![0]),
    series('work_seconds_bucket', { le: '1.0' }, given[5]![0]),
  ]
  expect(await settled(prometheus, 'work_seconds_bucket', expected)).toEqual(sorted(expected))
  // What an exemplar of a counter says is by how much it was counted up.
  const counted = [series('work_total', {}, given[5]![1])]
  expect(await settled(prometheus, 'work_total', counted)).toEqual(sorted(counted))

  const more = await observe(0.125, 'trace-6')
  const later = [expected[0]!, series('work_seconds_bucket', { le: '0.5' }, given[2]![0], more[0]), expected[2]!]
  expect(await settled(prometheus, 'work_seconds_bucket', later)).toEqual(sorted(later))
  expect((await prometheus.query('work_seconds_count')).map(({ value }) => value)).toEqual([7])
  expect(await unitOf(prometheus, 'work_seconds')).toBe('seconds')
  expect(await unitOf(prometheus, 'work')).toBe('')
  expect(prometheus.log()).toBe('')
})

async function unitOf(prometheus: Prometheus, metric: string): Promise<string | undefined> {
  const { data } = (await (await fetch(`${prometheus.url}/api/v1/metadata?metric=${metric}`)).json()) as {
    data: Record<string, { unit: string }[]>
  }
  return data[metric]?.[0]?.unit
}

/** What Prometheus has, once it is what was expected, or the last that there was. */
async function settled(prometheus: Prometheus, name: string, expected: unknown): Promise<object[]> {
  const wanted = JSON.stringify(sorted(expected as object[]))
  await until(async () => JSON.stringify(await exemplarsOf(prometheus, name)) === wanted, {
    what: `the exemplars of ${name}`,
  }).catch(() => {})
  return exemplarsOf(prometheus, name)
}

async function exemplarsOf(prometheus: Prometheus, name: string): Promise<object[]> {
  const now = Date.now() / 1000
  const range = `start=${now - 600}&end=${now + 600}`
  const response = await fetch(`${prometheus.url}/api/v1/query_exemplars?query=${name}&${range}`)
  const { data } = (await response.json()) as { data: { seriesLabels: Record<string, string>; exemplars: object[] }[] }
  return sorted(
    data.map(({ seriesLabels: { instance: _, ...seriesLabels }, exemplars }) => ({ seriesLabels, exemplars })),
  )
}

/** By their series, and each with its members in one order. */
function sorted(all: readonly object[]): object[] {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, each]) => [key, plain(each)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  }
  return (all.map(plain) as object[]).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
