import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { instrumentServer } from '@promherd/core'
import { fulfilsTheContract } from './contract.ts'
import { closing, listening, type Stage } from './stage.ts'

type Handler = (response: ServerResponse, stage: Stage) => void

fulfilsTheContract('a plain server', {
  // What a handler catches and answers itself is seen by nobody else.
  thrown: 'server_error',
  async start(options, stage) {
    const server = createServer((request, response) => {
      const handler =
        ROUTES[`GET ${routeOf(request)}`] ?? ROUTES[`${request.method} ${routeOf(request)}`] ?? answer(404)
      handler(response, stage)
    })
    instrumentServer(server, { ...options, route: routeOf })
    return { url: await listening(server), close: () => closing(server) }
  },
})

const ROUTES: Record<string, Handler> = {
  'GET /items/:id': answer(200, 'item'),
  'POST /items': answer(201),
  'GET /nothing': answer(204),
  'GET /unchanged': answer(304),
  'GET /api/v1/items/:id': answer(200, 'item'),
  'GET /api/v1/broken': answer(500),
  'GET /teapot': answer(418),
  'GET /users/:id/posts/:post': answer(200, 'post'),
  'GET /hold': (response, stage) => void stage.hold().then(text => response.end(text)),
  'GET /stream': (response, stage) => void pipeline(stage.stream(), response, () => {}),
}

function answer(status: number, text?: string): Handler {
  return response => {
    response.statusCode = status
    response.end(text)
  }
}

/** A router as somebody writes it who has none. */
function routeOf(request: IncomingMessage): string | undefined {
  const path = request.url?.split('?')[0] ?? ''
  return Object.keys(ROUTES)
    .map(route => route.split(' ')[1]!)
    .find(template => new RegExp(`^${template.replaceAll(/:\w+/g, '[^/]+')}$`).test(path))
}
