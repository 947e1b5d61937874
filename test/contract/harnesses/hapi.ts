import { PassThrough, pipeline } from 'node:stream'
import { server as hapi, type Server, type ServerRoute } from '@hapi/hapi'
import { closing, type Stage, teapot } from '../stage.ts'
import type { Harness } from '../world.ts'

/** hapi has no adapter, and writes its parameters in braces. */
export const HAPI: readonly Harness[] = [
  {
    name: 'hapi 21',
    thrown: 'exception',
    templateOf: inBraces,
    async start(_options, stage) {
      const app = hapi({ host: '127.0.0.1', port: 0, debug: false })
      await addRoutes(app, stage)
      await app.start()
      // hapi's own `stop` waits for open connections.
      return { url: `http://127.0.0.1:${app.info.port}`, close: () => closing(app.listener) }
    },
  },
]

export async function addRoutes(app: Server, stage: Stage): Promise<void> {
  app.route(routes(stage))
  await app.register({ name: 'api', register: api => inner(api) }, { routes: { prefix: '/api' } })
  await app.register({ name: 'users', register: users => posts(users) }, { routes: { prefix: '/users/{id}' } })
}

/** How hapi writes a template. */
export function inBraces(route: string): string {
  return route.replaceAll(/:(\w+)/g, '{$1}')
}

function routes(stage: Stage): ServerRoute[] {
  return [
    { method: 'GET', path: '/items/{id}', handler: () => 'item' },
    { method: 'POST', path: '/items', handler: (_request, h) => h.response('made').code(201) },
    { method: 'GET', path: '/nothing', handler: (_request, h) => h.response().code(204) },
    { method: 'GET', path: '/unchanged', handler: (_request, h) => h.response().code(304) },
    {
      method: 'GET',
      path: '/teapot',
      handler: () => {
        throw Object.assign(teapot(), TEAPOT)
      },
    },
    { method: 'GET', path: '/hold', handler: () => stage.hold() },
    {
      method: 'GET',
      path: '/stream',
      handler: (_request, h) => h.response(pipeline(stage.stream(), new PassThrough(), () => {})),
    },
  ]
}

/** Creates an error of hapi. */
const TEAPOT = {
  isBoom: true,
  isServer: false,
  output: { statusCode: 418, headers: {}, payload: { statusCode: 418, error: 'teapot', message: 'I am a teapot' } },
}

async function inner(api: Server): Promise<void> {
  const v1: ServerRoute[] = [
    { method: 'GET', path: '/items/{id}', handler: () => 'item' },
    {
      method: 'GET',
      path: '/broken',
      handler: () => {
        throw new Error('broken')
      },
    },
  ]
  await api.register({ name: 'v1', register: deep => deep.route(v1) }, { routes: { prefix: '/v1' } })
}

function posts(users: Server): void {
  users.route({ method: 'GET', path: '/posts/{post}', handler: () => 'post' })
}
