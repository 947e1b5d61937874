import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { defaultMonitor } from '@promherd/core'
import { prometheus } from '@promherd/fastify'
import Fastify from 'fastify'

const app = Fastify()

// The one line. Register it first, so that it records every request.
await app.register(prometheus)

// Optional: the cluster helper serves the metrics on a separate port.
app.get('/metrics', async (_request, reply) => {
  const monitor = defaultMonitor()
  reply.type(monitor.contentType)
  return monitor.metrics()
})

app.get('/', async () => ({ hello: 'herd', pid: process.pid }))

const items = new Map([
  ['1', { name: 'saddle' }],
  ['2', { name: 'lasso' }],
])

app.get('/items/:id', async (request, reply) => {
  const item = items.get(request.params.id)
  if (item === undefined) return reply.code(404).send({ error: 'no such item' })
  return item
})

// A plugin with a prefix: its route is counted as /api/v1/users/:id.
await app.register(
  async api => {
    api.get('/users/:id', async request => ({ id: request.params.id, name: `user ${request.params.id}` }))
  },
  { prefix: '/api/v1' },
)

app.get('/slow', async request => {
  const ms = Math.min(Math.max(Number(request.query.ms ?? 200) || 0, 0), 60_000)
  await delay(ms)
  return { waitedMs: ms }
})

app.get('/error', async () => {
  throw new Error('this route always fails')
})

async function* chunks() {
  for (const word of ['one', 'herd,', 'one', 'truth']) {
    yield `${word}\n`
    await delay(5)
  }
}

app.get('/stream', async (_request, reply) => {
  return reply.type('text/plain').send(Readable.from(chunks()))
})

const port = Number(process.env.PORT ?? 3000)
await app.listen({ port, host: '127.0.0.1' })
console.log(`listening on http://127.0.0.1:${port}/`)
