import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { instrumentServer, type ServerOptions } from '@promherd/core'
import type { Stage } from '../stage.ts'
import type { Application, Harness } from '../world.ts'
import { serving } from './serving.ts'

/** The harness without routes. */
export const NO_ROUTE = 'node:http without a route'

export const NODE_HTTP: readonly Harness[] = [
  // An error that a handler catches itself reaches no other code.
  { name: 'node:http', thrown: 'server_error', start: startRouted },
  { name: 'node:http2', protocol: 'HTTP/2', thrown: 'server_error', start: startRouted },
  { name: NO_ROUTE, thrown: 'server_error', start, instead: () => '_unknown' },
]

type Handler = (response: ServerResponse, stage: Stage) => void

function startRouted(this: Harness, options: ServerOptions | undefined, stage: Stage): Promise<Application> {
  return start.call(this, { ...options, route: routeOf }, stage)
}

function start(this: Harness, options: ServerOptions | undefined, stage: Stage): Promise<Application> {
  return serving(
    this.protocol ?? 'HTTP/1.1',
    (request, response) => {
      const route = routeOf(request)
      const handler = ROUTES[`GET ${route}`] ?? ROUTES[`${request.method} ${route}`] ?? answer(404)
      handler(response, stage)
    },
    server => options !== undefined && instrumentServer(server, options),
  )
}

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

/** A simple router, as a program without a framework has it. */
function routeOf(request: IncomingMessage): string | undefined {
  const path = request.url?.split('?')[0] ?? ''
  return Object.keys(ROUTES)
    .map(route => route.split(' ')[1]!)
    .find(template => new RegExp(`^${template.replaceAll(/:\w+/g, '[^/]+')}$`).test(path))
}
