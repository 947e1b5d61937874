import { beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/resources.ts'
import { until } from '../support/until.ts'
import { buildNext, NEXT_COMMAND } from './next-build.ts'
import { PRELOAD, type Preloaded, startPreloaded } from './preloaded.ts'

/** Next.js with its own server and with one of the program, the routes of both routers. */

beforeAll(buildNext, 240_000)

const ENV = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }

/** Each path with its status and the route that it is recorded by. */
const ANSWERS: readonly (readonly [path: string, status: number, route: string])[] = [
  ['/posts/7?x=1', 200, '/posts/[id]'],
  ['/posts/none', 404, '/posts/[id]'],
  ['/api/items/3', 200, '/api/items/[id]'],
  ['/api/items/broken', 500, '/api/items/[id]'],
  ['/shop/shoe', 200, '/shop/[slug]'],
  ['/api/things/9', 200, '/api/things/[id]'],
  ['/robots.txt', 200, '_middleware'],
  ['/posts/7/', 308, '_middleware'],
  ['/none/such', 404, '_unmatched'],
  ['/posts/%E0%A4%A', 400, '_middleware'],
]

async function isCounted(app: Preloaded, url: string): Promise<void> {
  for (const [path, status] of ANSWERS) {
    const answer = await fetch(url + path, { redirect: 'manual' })
    await answer.text()
    expect([path, answer.status]).toEqual([path, status])
  }
  await app.counted(Object.fromEntries(ANSWERS.map(([, status, route]) => [`GET ${route} ${status}`, 1])))
}

test('next start: pages and routes of both routers are recorded by their templates', async () => {
  const port = await freePort()
  const node = [...PRELOAD, NEXT_COMMAND, 'start', '-H', '127.0.0.1', '-p', String(port)]
  const app = await startPreloaded('next', { node, env: ENV })
  await until(() => app.process.output().includes('Ready in'), { what: `it to listen: ${app.process.output()}` })
  await isCounted(app, `http://127.0.0.1:${port}`)
})

test('a custom server: pages and routes of both routers are recorded by their templates', async () => {
  const app = await startPreloaded('next/custom.mjs', { env: ENV })
  const [port] = await app.ports(1)
  await isCounted(app, `http://127.0.0.1:${port}`)
})
