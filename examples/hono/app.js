import { setTimeout as delay } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { metricsHandler, prometheus } from '@promherd/hono'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'

const app = new Hono()

// The one line. Put it first, so that it records every request.
app.use(prometheus())

// Optional: the cluster helper serves the metrics on a separate port.
app.get('/metrics', metricsHandler())

app.get('/', c => c.json({ hello: 'herd', pid: process.pid }))

const items = new Map([
  ['1', { name: 'saddle' }],
  ['2', { name: 'lasso' }],
])

app.get('/items/:id', c => {
  const item = items.get(c.req.param('id'))
  return item === undefined ? c.json({ error: 'no such item' }, 404) : c.json(item)
})

// An app inside the app: its route is counted as /api/v1/users/:id.
const api = new Hono()
api.get('/users/:id', c => c.json({ id: c.req.param('id'), name: `user ${c.req.param('id')}` }))
app.route('/api/v1', api)

app.get('/slow', async c => {
  const ms = Math.min(Math.max(Number(c.req.query('ms') ?? 200) || 0, 0), 60_000)
  await delay(ms)
  return c.json({ waitedMs: ms })
})

app.get('/error', () => {
  throw new Error('this route always fails')
})

app.get('/stream', c =>
  streamText(c, async stream => {
    for (const word of ['one', 'herd,', 'one', 'truth']) {
      await stream.writeln(word)
      await delay(5)
    }
  }),
)

const port = Number(process.env.PORT ?? 3000)
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log(`listening on http://127.0.0.1:${port}/`))
