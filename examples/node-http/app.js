import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { instrumentServer, metricsHandler } from '@promherd/core'

const items = new Map([
  ['1', { name: 'saddle' }],
  ['2', { name: 'lasso' }],
])

// A router in a few lines: each route has a template, a pattern for the path, and a handler.
const routes = [
  ['/', /^\/$/, (_request, response) => json(response, 200, { hello: 'herd', pid: process.pid })],
  ['/items/:id', /^\/items\/([^/]+)$/, showItem],
  ['/api/v1/users/:id', /^\/api\/v1\/users\/([^/]+)$/, showUser],
  ['/slow', /^\/slow$/, answerSlowly],
  ['/error', /^\/error$/, failAlways],
  ['/stream', /^\/stream$/, streamWords],
  ['/metrics', /^\/metrics$/, metricsHandler()],
]

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost')
  for (const [template, pattern, answer] of routes) {
    const match = pattern.exec(url.pathname)
    if (match === null) continue
    request.route = template
    try {
      return await answer(request, response, { id: match[1], url })
    } catch (error) {
      return json(response, 500, { error: error.message })
    }
  }
  json(response, 404, { error: 'not found' })
})

// The one line. A bare server has no routes, so the option `route` returns the template of a request.
instrumentServer(server, { route: request => request.route })

function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function showItem(_request, response, { id }) {
  const item = items.get(id)
  if (item === undefined) json(response, 404, { error: 'no such item' })
  else json(response, 200, item)
}

function showUser(_request, response, { id }) {
  json(response, 200, { id, name: `user ${id}` })
}

async function answerSlowly(_request, response, { url }) {
  const ms = Math.min(Math.max(Number(url.searchParams.get('ms') ?? 200) || 0, 0), 60_000)
  await delay(ms)
  json(response, 200, { waitedMs: ms })
}

function failAlways() {
  throw new Error('this route always fails')
}

async function* chunks() {
  for (const word of ['one', 'herd,', 'one', 'truth']) {
    yield `${word}\n`
    await delay(5)
  }
}

function streamWords(_request, response) {
  response.writeHead(200, { 'content-type': 'text/plain' })
  Readable.from(chunks()).pipe(response)
}

// Optional: the cluster helper serves the metrics on a separate port.
const port = Number(process.env.PORT ?? 3000)
server.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`))
