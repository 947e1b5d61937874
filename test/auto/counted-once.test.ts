import { expect, test } from 'vitest'
import { select } from '../support/samples.ts'
import { requestsOf, startPreloaded } from './preloaded.ts'

test('what an adapter records, too, is counted once, and what stands before it as well', async () => {
  const app = await startPreloaded('adapter.mjs')
  for (const path of ['/items/1', '/items/2', '/live', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 2, 'GET /live 200': 1, 'GET /before 200': 1 })
  expect(select(await app.scrape(), 'http_requests_in_flight').map(({ value }) => value)).toEqual([0])
})

test('the options of an adapter hold for all that it sees', async () => {
  const options = { ignore: ['/live'], sizes: true }
  const app = await startPreloaded('adapter.mjs', { env: { OPTIONS: JSON.stringify(options) } })
  for (const path of ['/live', '/items/1', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 1, 'GET /before 200': 1 })
  const samples = await app.scrape()
  expect(select(samples, 'http_response_size_bytes_sum').map(({ labels, value }) => [labels.route, value])).toEqual([
    ['/items/:id', 4],
  ])
  expect(select(samples, 'http_requests_in_flight').map(({ value }) => value)).toEqual([0])
})

test('labels that only an adapter knows are its own: the rest is not recorded, and that is said', async () => {
  const options = { labels: { team: 'web' } }
  const app = await startPreloaded('adapter.mjs', { env: { OPTIONS: JSON.stringify(options) } })
  for (const path of ['/items/1', '/before']) expect(await app.ask(path)).toMatch(/^200 /)
  await app.counted({ 'GET /items/:id 200': 1 })
  expect(requestsOf(await app.scrape(), ['team', 'route'])).toEqual({ 'web /items/:id': 1 })
  expect(app.process.output()).toContain('what its adapters do not see is not recorded')
})
