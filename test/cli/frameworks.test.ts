import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { add, FIRST_FRAMEWORKS, FRAMEWORK_FIXTURES, SECOND_FRAMEWORKS } from '../auto/framework-fixtures.ts'
import { errorsOf, FIXTURES, requestsOf } from '../auto/preloaded.ts'
import { get } from '../cluster/running.ts'
import { freePort } from '../support/resources.ts'
import { scrape } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { start } from './running.ts'

/**
 * `promherd start` with applications on each framework. The preload alone with each of them in both kinds of modules is
 * in test/auto/frameworks.test.ts, whose programs of several frameworks run here too; two workers are the same program
 * twice.
 */
const CASES: readonly (readonly [files: readonly string[], workers: number])[] = [
  [['express-5.cjs'], 2],
  [['fastify.mjs'], 2],
  [FIRST_FRAMEWORKS.map(name => `${name}.mjs`), 1],
  [SECOND_FRAMEWORKS.map(name => `${name}.cjs`), 1],
]
const SAYINGS = new Map(FRAMEWORK_FIXTURES)

test('each framework occurs in one of the programs', () => {
  const tried = new Set(CASES.flatMap(([files]) => files.map(file => file.replace(/\.\w+$/, ''))))
  expect([...tried].sort()).toEqual([...new Set([...SAYINGS.keys()].map(file => file.replace(/\.\w+$/, '')))].sort())
})

test.each(CASES)('%s runs in %i workers, and each request is counted by its route', async (files, workers) => {
  const metricsPort = await freePort()
  const program = files.length === 1 ? files : ['several.mjs']
  const args = files.length === 1 ? [] : ['--', ...files]
  const running = start(['start', ...program, '--workers', String(workers), '--port', String(metricsPort), ...args], {
    cwd: FIXTURES,
  })
  const isUp = () => /metrics at/.test(running.stderr()) && portsOf(running.stdout()).length === workers * files.length
  await until(isUp, { what: `all to listen: ${running.stderr()}`, deadlineMs: 60_000 })
  const ports = portsOf(running.stdout())
  // Whatever port the first of them gets, all workers share.
  expect(new Set(ports).size).toBe(files.length)
  const read = () => scrape(`http://127.0.0.1:${metricsPort}/metrics`)
  const requests: Record<string, number> = {}
  const errors: Record<string, number> = {}
  // One framework after the other, so each shows its routes by what it adds.
  for (const [i, file] of files.entries()) {
    const { item, post, thrown } = SAYINGS.get(file)!
    const url = `http://127.0.0.1:${ports[i]}`
    const paths = ['/items/1', '/items/2', '/users/7/posts/8', '/broken', '/secret/4']
    const answers = await Promise.all([...paths, ...paths].map(path => get(url + path)))
    expect([file, ...answers.map(({ status }) => status)]).toEqual([
      file,
      ...[200, 200, 200, 500, 404, 200, 200, 200, 500, 404],
    ])
    add(requests, { [`GET ${item} 200`]: 4, [`GET ${post} 200`]: 2, 'GET /broken 500': 2, 'GET _unmatched 404': 2 })
    const isCounted = async (): Promise<boolean> => isDeepStrictEqual(requestsOf(await read()), requests)
    await until(isCounted, { what: JSON.stringify(requests) })
    add(errors, { [`GET /broken ${thrown}`]: 2, 'GET _unmatched not_found': 2 })
    expect([file, errorsOf(await read())]).toEqual([file, errors])
  }
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

/** Where each worker has said that it listens, in the order of the files. */
function portsOf(said: string): string[] {
  return [...said.matchAll(/listening on (\d+)/g)].map(([, port]) => port!)
}
