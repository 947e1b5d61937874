import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { FRAMEWORK_FIXTURES } from '../auto/framework-fixtures.ts'
import { errorsOf, FIXTURES, requestsOf } from '../auto/preloaded.ts'
import { get } from '../cluster/running.ts'
import { freePort } from '../support/resources.ts'
import { scrape } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { start } from './running.ts'

/** `promherd start` with an application on each framework, in two workers. */

test.each(FRAMEWORK_FIXTURES)('%s runs in two workers, each request counted by its route', async (file, says) => {
  const metricsPort = await freePort()
  const running = start(['start', file, '--workers', '2', '--port', String(metricsPort)], { cwd: FIXTURES })
  await until(() => running.stderr().includes('2 workers of'), { what: `two workers: ${running.stderr()}` })
  const ports = await until(() => both(running.stdout()), { what: 'both to have said where they listen' })
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

function both(said: string): string[] | undefined {
  const ports = [...said.matchAll(/listening on (\d+)/g)].map(([, port]) => port!)
  return ports.length === 2 ? ports : undefined
}
