import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FIXTURES, startPreloaded } from './preloaded.ts'

/**
 * One bundle with a server of each framework: no framework has a module there, and minified it has no names. The servers
 * are tested one after the other, so that the added counts are those of one framework.
 */

const ROUTES: Readonly<Record<string, readonly [path: string, route: string]>> = {
  express: ['/api/items/3', '/api/items/:id'],
  fastify: ['/api/items/3', '/api/items/:id'],
  koa: ['/api/items/3', '/api/items/:id'],
  hono: ['/api/items/3', '/api/items/:id'],
  hapi: ['/api/items/3', '/api/items/{id}'],
  polka: ['/api/items/3', '/api/items/:id'],
  h3One: ['/api/items/3', '/api/items/:id'],
  h3Two: ['/api/items/3', '/api/items/:id'],
  yoga: ['/graphql?query={hello}', '/graphql'],
  trpc: ['/items.get', '/items.get'],
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'promherd-bundled-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const REQUIRE = `import { createRequire as createRequireOfBanner } from 'node:module'
const require = createRequireOfBanner(import.meta.url)`

test.each([
  ['ES modules', 'app.mjs', { format: 'esm', banner: { js: REQUIRE } }],
  ['minified CommonJS', 'app.cjs', { format: 'cjs', minify: true }],
] as const)('the preload knows the routes of all frameworks in a bundle: %s', async (_kind, name, options) => {
  const outfile = join(folder, name)
  const entryPoints = [join(FIXTURES, 'bundled.mjs')]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', logLevel: 'error', ...options })
  const app = await startPreloaded(outfile)
  const ports = await app.ports(Object.keys(ROUTES).length)
  const names = [...app.process.output().matchAll(/(\w+) listening on/g)].map(([, framework]) => framework!)
  expect(names).toEqual(Object.keys(ROUTES))
  const requests: Record<string, number> = {}
  for (const [i, framework] of names.entries()) {
    const [path, route] = ROUTES[framework]!
    const answer = await fetch(`http://127.0.0.1:${ports[i]}${path}`)
    await answer.text()
    expect([framework, answer.status]).toEqual([framework, 200])
    const record = `GET ${route} 200`
    requests[record] = (requests[record] ?? 0) + 1
  }
  await app.counted(requests)
})
