import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { getRequestListener } from '@hono/node-server'
import { createMonitor } from '@promherd/core'
import { prometheus } from '@promherd/hono'
import { expect, test } from 'vitest'
import { ask } from './client.ts'
import { internalErrorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

// The adapter is ESM, which loads another copy of the package.
const { Hono } = createRequire(import.meta.url)('hono') as typeof import('hono')

test('an application that requires Hono has its routes', async () => {
  const monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
  const app = new Hono().use(prometheus({ monitor })).get('/items/:id', context => context.text('item'))
  const server = createServer(getRequestListener(app.fetch))
  expect((await ask(`${await listening(server)}/items/1`)).body).toBe('item')
  expect((await app.request('/items/2')).status).toBe(200)
  await settled(monitor, { 'GET /items/:id 200': 2 })
  expect(await internalErrorsOf(monitor)).toEqual({})
  await closing(server)
  await monitor.close()
})
