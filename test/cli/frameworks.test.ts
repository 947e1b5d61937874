import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { FRAMEWORK_FIXTURES } from '../auto/framework-fixtures.ts'
import { errorsOf, FIXTURES, requestsOf } from '../auto/preloaded.ts'
import { get } from '../cluster/running.ts'
import { freePort } from '../support/resources.ts'
import { scrape } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { start } from './running.ts'

/**
 * `promherd start` with an application on each framework, the two kinds of modules in turn. The preload alone with each
 * framework in both kinds is in test/auto/frameworks.test.ts; two workers are the same program twice.
 */
const CASES = FRAMEWORK_FIXTURES.flatMap(([file, says], i) => {
  const isOfBothKinds = /^(express-5|fastify)\./.test(file)
  // Two fixtures of each framework follow each other: the module of the first, CommonJS of the second, and so on.
  const isInTurn = i % 2 === Math.floor(i / 2) % 2
  return isOfBothKinds || isInTurn ? [[file, isOfBothKinds && isInTurn ? 2 : 1, says] as const] : []
})

test.each(CASES)('%s runs in %i workers, each request counted by its route', async (file, workers, says) => {
  const metricsPort = await freePort()
  const running = start(['start', file, '--workers', String(workers), '--port', String(metricsPort)], { cwd: FIXTURES })
  const isUp = () => /metrics at/.test(running.stderr()) && portsOf(running.stdout()).length === workers
  await until(isUp, { what: `all to listen: ${running.stderr()}` })
  const ports = portsOf(running.stdout())
  // Whatever port the first of them gets, all workers share.
  expect(new Set(ports).size).toBe(1)
  const url = `http://127.0.0.1:${ports[0]}`
  const paths = ['/items/1', '/items/2', '/users/7/posts/8', '/broken', '/secret/4']
  const answers = await Promise.all([...paths, ...paths].map(path => get(url + path)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 500, 404, 200, 200, 200, 500, 404])
  const requests = {
    [`GET ${says.item} 200`]: 4,
    [`GET ${says.post} 200`]: 2,
    'GET /broken 500': 2,
    'GET _unmatched 404': 2,
  }
  const read = () => scrape(`http://127.0.0.1:${metricsPort}/metrics`)
  const isCounted = async (): Promise<boolean> => isDeepStrictEqual(requestsOf(await read()), requests)
  await until(isCounted, { what: JSON.stringify(requests) })
  expect(errorsOf(await read())).toEqual({ [`GET /broken ${says.thrown}`]: 2, 'GET _unmatched not_found': 2 })
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

/** Where each worker has said that it listens. */
function portsOf(said: string): string[] {
  return [...said.matchAll(/listening on (\d+)/g)].map(([, port]) => port!)
}
