import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/resources.ts'
import { until } from '../support/until.ts'
import { buildOnce } from './build-once.ts'
import { FIXTURES, startPreloaded } from './preloaded.ts'

/** The output of Nitro, which contains h3: version 1 in that of Nitro 2, and version 2 in that of Nitro 3. */

const require = createRequire(import.meta.url)

/** Each path with its status and the route that it is recorded by. */
const ANSWERS: readonly (readonly [path: string, status: number, route: string])[] = [
  ['/api/items/3?x=1', 200, '/api/items/:id'],
  ['/robots.txt', 200, '_middleware'],
  ['/broken', 404, '/broken'],
  ['/none/such', 404, '_unmatched'],
]

test.each([
  ['nitro-2', 'nitropack'],
  ['nitro-3', 'nitro'],
])('the output of %s: routes are recorded by their templates', { timeout: 240_000 }, async (fixture, name) => {
  const program = join(FIXTURES, fixture)
  const manifest = require.resolve(`${name}/package.json`)
  const command = [join(dirname(manifest), 'dist/cli/index.mjs'), 'build']
  await buildOnce({ program, output: '.output', command, manifest })
  const port = await freePort()
  const env = { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: `${port}` }
  const app = await startPreloaded(join(fixture, '.output/server/index.mjs'), { env })
  await until(() => app.process.output().includes('istening on'), { what: `it to listen: ${app.process.output()}` })
  for (const [path, status] of ANSWERS) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    await answer.text()
    expect([path, answer.status]).toEqual([path, status])
  }
  await app.counted(Object.fromEntries(ANSWERS.map(([, status, route]) => [`GET ${route} ${status}`, 1])))
})
