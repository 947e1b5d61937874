import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Router } from '@koa/router'
import { metricsHandler, prometheus } from '@promherd/koa'
import Koa from 'koa'

const app = new Koa()

// The one line. Put it first, so that it records every request.
app.use(prometheus())

const router = new Router()

// Optional: the cluster helper serves the metrics on a separate port.
router.get('/metrics', metricsHandler())

router.get('/', ctx => {
  ctx.body = { hello: 'herd', pid: process.pid }
})

const items = new Map([
  ['1', { name: 'saddle' }],
  ['2', { name: 'lasso' }],
])

router.get('/items/:id', ctx => {
  const item = items.get(ctx.params.id)
  ctx.status = item === undefined ? 404 : 200
  ctx.body = item ?? { error: 'no such item' }
})

// A router with a prefix: its route is counted as /api/v1/users/:id.
const api = new Router({ prefix: '/api/v1' })
api.get('/users/:id', ctx => {
  ctx.body = { id: ctx.params.id, name: `user ${ctx.params.id}` }
})

router.get('/slow', async ctx => {
  const ms = Math.min(Math.max(Number(ctx.query.ms ?? 200) || 0, 0), 60_000)
  await delay(ms)
  ctx.body = { waitedMs: ms }
})

router.get('/error', () => {
  throw new Error('this route always fails')
})

async function* chunks() {
  for (const word of ['one', 'herd,', 'one', 'truth']) {
    yield `${word}\n`
    await delay(5)
  }
}

router.get('/stream', ctx => {
  ctx.type = 'text/plain'
  ctx.body = Readable.from(chunks())
})

app.use(router.routes()).use(api.routes()).use(router.allowedMethods())

const port = Number(process.env.PORT ?? 3000)
app.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`))
