import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { type Sample, select } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { startPreloaded } from './preloaded.ts'

const DURATIONS = 'http_server_request_duration_seconds_count'

/** `{ 'GET 200 /items/:id': 1 }` */
function countsOf(samples: readonly Sample[]): Record<string, number> {
  return Object.fromEntries(
    select(samples, DURATIONS).map(({ labels, value }) => [
      ['http_request_method', 'http_response_status_code', 'http_route'].map(name => labels[name] ?? '').join(' '),
      value,
    ]),
  )
}

test.each([
  ['express-5.mjs', '/items/:id'],
  ['fastify.mjs', '/items/:id'],
  ['koa.cjs', '/items/:id'],
  ['hono.mjs', '/items/:id'],
  ['hapi.mjs', '/items/{id}'],
  ['restify.cjs', '/items/:id'],
  ['nest-express.mjs', '/items/:id'],
  ['nest-fastify.mjs', '/items/:id'],
])('%s is told by the names of OpenTelemetry where the configuration says so', async (fixture, item) => {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  const file = join(path, 'otel.json')
  writeFileSync(file, JSON.stringify({ http: { naming: 'otel' } }))
  const env = { PROMHERD_CONFIG: file, OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET' }
  const app = await startPreloaded(fixture, { env })
  expect(await app.ask('/items/1')).toContain('item')
  expect(await app.ask('/broken')).toMatch(/^500 /)
  // 404 or 405: frameworks do not agree.
  const status = (await app.ask('/items/2', 'DELETE')).slice(0, 3)
  const expected = { [`GET 200 ${item}`]: 1, 'GET 500 /broken': 1, [`_OTHER ${status} `]: 1 }
  const isCounted = async () => isDeepStrictEqual(countsOf(await app.scrape()), expected)
  await until(isCounted, { what: JSON.stringify(expected) })
  const samples = await app.scrape()
  const failed = select(samples, DURATIONS).find(({ labels }) => labels['http_route'] === '/broken')
  expect(failed?.labels['error_type']).toBe('500')
  expect(samples.filter(({ name }) => /^http_re(quests_total|quest_duration)/.test(name))).toEqual([])
  expect(app.process.output()).not.toContain('promherd:')
})
