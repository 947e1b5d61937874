import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { metricsHandler, prometheus } from '@promherd/express'
import express from 'express'

const app = express()

// The one line. Put it first, so that it records every request.
app.use(prometheus())

// Optional: the cluster helper serves the metrics on a separate port.
app.get('/metrics', metricsHandler())

app.get('/', (_req, res) => {
  res.json({ hello: 'herd', pid: process.pid })
})

const items = new Map([
  ['1', { name: 'saddle' }],
  ['2', { name: 'lasso' }],
])

app.get('/items/:id', (req, res) => {
  const item = items.get(req.params.id)
  if (item === undefined) res.status(404).json({ error: 'no such item' })
  else res.json(item)
})

// A mounted router: its route is counted as /api/v1/users/:id.
const api = express.Router()
api.get('/users/:id', (req, res) => {
  res.json({ id: req.params.id, name: `user ${req.params.id}` })
})
app.use('/api/v1', api)

app.get('/slow', async (req, res) => {
  const ms = Math.min(Math.max(Number(req.query.ms ?? 200) || 0, 0), 60_000)
  await delay(ms)
  res.json({ waitedMs: ms })
})

app.get('/error', () => {
  throw new Error('this route always fails')
})

async function* chunks() {
  for (const word of ['one', 'herd,', 'one', 'truth']) {
    yield `${word}\n`
    await delay(5)
  }
}

app.get('/stream', (_req, res) => {
  res.type('text/plain')
  Readable.from(chunks()).pipe(res)
})

const port = Number(process.env.PORT ?? 3000)
app.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`))
