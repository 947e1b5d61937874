import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { type Sample, select } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { add, FRAMEWORK_FIXTURES } from './framework-fixtures.ts'
import { startPreloaded } from './preloaded.ts'

const SAYINGS = new Map(FRAMEWORK_FIXTURES)

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
  [['express-5.mjs', 'fastify.mjs', 'koa.mjs', 'hono.mjs', 'hapi.mjs', 'restify.mjs']],
  [['nest-express.cjs', 'nest-fastify.cjs']],
])('%s are recorded with the names of OpenTelemetry if the configuration sets them', async files => {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  const file = join(path, 'opentelemetry.json')
  writeFileSync(file, JSON.stringify({ http: { naming: 'opentelemetry' } }))
  const env = { PROMHERD_CONFIG: file, OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET' }
  const app = await startPreloaded('several.mjs', { args: files, env })
  const ports = await app.ports(files.length)
  const expected: Record<string, number> = {}
  // One framework after the other, so that the added counts are those of one framework.
  for (const [i, file] of files.entries()) {
    const ask = async (path: string, method = 'GET'): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${ports[i]}${path}`, { method })
      return `${answer.status} ${await answer.text()}`
    }
    expect(await ask('/items/1')).toContain('item')
    expect(await ask('/broken')).toMatch(/^500 /)
    // 404 or 405: frameworks do not agree.
    const status = (await ask('/items/2', 'DELETE')).slice(0, 3)
    add(expected, { [`GET 200 ${SAYINGS.get(file)!.item}`]: 1, 'GET 500 /broken': 1, [`_OTHER ${status} `]: 1 })
    const isCounted = async () => isDeepStrictEqual(countsOf(await app.scrape()), expected)
    await until(isCounted, { what: `${file}: ${JSON.stringify(expected)}` })
  }
  const samples = await app.scrape()
  const failed = select(samples, DURATIONS).filter(({ labels }) => labels['http_route'] === '/broken')
  expect(failed.map(({ labels, value }) => [labels['error_type'], value])).toEqual([['500', files.length]])
  expect(samples.filter(({ name }) => /^http_re(quests_total|quest_duration)/.test(name))).toEqual([])
  expect(app.process.output()).not.toContain('promherd:')
})
