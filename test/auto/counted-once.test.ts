import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { select } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { requestsOf, startPreloaded } from './preloaded.ts'

test('requests that an adapter also records are counted once, and so are responses before the adapter', async () => {
  const app = await startPreloaded('adapter.mjs')
  for (const path of ['/items/1', '/items/2', '/live', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 2, 'GET /live 200': 1, 'GET /before 200': 1 })
  expect(select(await app.scrape(), 'http_requests_in_flight').map(({ value }) => value)).toEqual([0])
})

test('the options of an adapter apply to all requests that it records', async () => {
  const options = { ignore: ['/live'], bodySize: true }
  const app = await startPreloaded('adapter.mjs', { env: { OPTIONS: JSON.stringify(options) } })
  for (const path of ['/live', '/items/1', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 1, 'GET /before 200': 1 })
  const samples = await app.scrape()
  expect(select(samples, 'http_response_size_bytes_sum').map(({ labels, value }) => [labels.route, value])).toEqual([
    ['/items/:id', 4],
  ])
  expect(select(samples, 'http_requests_in_flight').map(({ value }) => value)).toEqual([0])
})

test('with labels that only an adapter has, other requests are not recorded, and a warning is logged', async () => {
  const options = { labels: { team: 'web' } }
  const app = await startPreloaded('adapter.mjs', { env: { OPTIONS: JSON.stringify(options) } })
  for (const path of ['/items/1', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 1 })
  expect(requestsOf(await app.scrape(), ['team', 'route'])).toEqual({ 'web /items/:id': 1 })
  expect(app.process.output()).toContain('what its adapters do not see is not recorded')
})

test.each([
  ['labels', { labels: { team: 'web' } }, ['team', 'route'], { 'web /items/:id': 2 }],
  ['buckets', { buckets: [0.1, 1] }, ['route'], { '/items/:id': 2 }],
  ['a bound', { maxSeries: 50 }, ['route'], { '/items/:id': 2 }],
] as const)(
  'an adapter with %s of its own that comes after the server listens is let in',
  async (_what, options, labels, requests) => {
    const app = await startPreloaded('late-adapter.mjs', { env: { OPTIONS: JSON.stringify(options), EARLY: '1' } })
    for (const path of ['/items/1', '/items/2', '/bare']) expect(await app.ask(path)).toMatch(/^200 /)
    await until(async () => Object.keys(requestsOf(await app.scrape(), labels)).length > 0, { what: 'requests' })
    const samples = await app.scrape()
    expect(requestsOf(samples, labels)).toEqual(requests)
    expect(select(samples, 'http_requests_in_flight').map(({ value }) => value)).toEqual([0])
    expect(app.process.output()).toContain('what its adapters do not see is not recorded')
  },
)

test('an adapter without options that is used after the server listens shares the recorder', async () => {
  const app = await startPreloaded('late-adapter.mjs', { env: { EARLY: '1' } })
  for (const path of ['/items/1', '/bare']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET _unknown 200': 2, 'GET /items/:id 200': 1 })
  expect(app.process.output()).not.toContain('promherd:')
})

test.each([
  // Requests that do not reach the adapter are recorded by the preload, into the same monitor.
  ['before', { 'GET _unknown 200': 2, 'GET /items/:id 200': 1 }],
  // A warning is logged, and earlier counts are kept.
  ['after', { 'GET _unknown 200': 1, 'GET /items/:id 200': 1 }],
] as const)(
  'a monitor of the application for the same directory, made %s the server listens, counts once',
  async (OWN, requests) => {
    const directory = temporaryDirectory()
    onTestFinished(directory.remove)
    const env = { PROMETHEUS_MULTIPROC_DIR: directory.path, OWN, EARLY: '1' }
    const app = await startPreloaded('late-adapter.mjs', { env })
    for (const path of ['/items/1', '/bare']) expect(await app.ask(path)).toMatch(/^200 /)
    await app.counted(requests)
    expect(app.process.output().includes('what its adapters do not see is not recorded')).toBe(OWN === 'after')
  },
)
