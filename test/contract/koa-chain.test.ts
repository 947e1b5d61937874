import { createServer } from 'node:http'
import { createMonitor } from '@promherd/core'
import { prometheus } from '@promherd/koa'
import Koa from 'koa'
import { expect, test } from 'vitest'
import { ask } from './client.ts'
import { errorsOf, internalErrorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

/** Promises in the chain of Koa are observed and passed on. */
test('a thrown error is observed and passed on, and a middleware that returns no promise still works', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const promherd = prometheus({ monitor })
  const app = new Koa()
  const seen: unknown[] = []
  app.on('error', error => seen.push(error.message))
  app.use((context, next) => {
    if (context.path !== '/plain') return promherd(context, next)
    const answer = (): void => {
      context.body = 'plain'
    }
    return promherd(context, answer as never)
  })
  app.use(async context => {
    if (context.path === '/broken') throw new Error('broken')
    context.body = 'ok'
  })
  const server = createServer(app.callback())
  const url = await listening(server)
  const statuses = [await ask(`${url}/plain`), await ask(`${url}/broken`), await ask(`${url}/`)].map(
    ({ status }) => status,
  )
  expect(statuses).toEqual([200, 500, 200])
  expect(seen).toEqual(['broken'])
  await settled(monitor, { 'GET _middleware 200': 2, 'GET _middleware 500': 1 })
  expect(await errorsOf(monitor)).toEqual({ 'GET _middleware exception': 1 })
  expect(await internalErrorsOf(monitor)).toEqual({})
  await closing(server)
  await monitor.close()
})
