import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import Router from '@koa/router'
import { instrumentServer, type Monitor } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import { prometheus as onKoa } from '@promherd/koa'
import fastify from 'fastify'
import { Hono } from 'hono'
import { matchedRoutes, routePath } from 'hono/route'
import Koa from 'koa'
import { type Express, VERSIONS } from './harnesses/express.ts'
import { serving } from './harnesses/serving.ts'
import { listening } from './stage.ts'
import type { Application } from './world.ts'

/** Called in the handler of a request, with the properties that the framework sets. */
export type Look = (request: IncomingMessage, response: ServerResponse, said: unknown) => void

/** A running program, and the parts of its application that it can inspect. */
export interface Running extends Application {
  shown(): unknown
}

/** The same program on a framework: recorded by its adapter, or with a function that does nothing in its place. */
export interface Program {
  readonly name: string
  start(monitor: Monitor | undefined, look: Look): Promise<Running>
}

const onNode: Program = {
  name: 'node:http',
  async start(monitor, look) {
    const server = createServer((request, response) => {
      look(request, response, undefined)
      response.end('item')
    })
    if (monitor !== undefined) instrumentServer(server, { monitor })
    const close = async (): Promise<void> => {
      server.closeAllConnections()
      server.close()
    }
    return { url: await listening(server), close, shown: () => Object.keys(server) }
  },
}

function expressProgram(name: string, express: Express): Program {
  return {
    name,
    async start(monitor, look) {
      const app = express()
      app.use(monitor === undefined ? (_request, _response, next) => next() : onExpress({ monitor }))
      const items = express.Router().get('/items/:id', (request, response) => {
        const { route, baseUrl, originalUrl, url, params } = request
        look(request, response, { path: route.path, baseUrl, originalUrl, url, params: { ...params } })
        response.send('item')
      })
      app.use('/api', items)
      app.get('/other', () => {})
      const stackOf = (): readonly unknown[] =>
        (app as { _router?: { stack: unknown[] } })._router?.stack ?? app.router.stack
      const list = stackOf()
      const layers = [...list]
      return {
        ...(await serving('HTTP/1.1', app)),
        shown: () => ({
          isSameList: stackOf() === list,
          isSame: layers.map((layer, i) => stackOf()[i] === layer),
          layers: stackOf().length,
          inner: items.stack.map(layer => Object.keys(layer)),
          app: Object.keys(app),
          handle: Object.hasOwn(app, 'handle') && String((app as unknown as { handle: unknown }).handle),
          request: [Reflect.ownKeys(app.request).map(String), 'route' in app.request],
        }),
      }
    },
  }
}

const fastifyProgram: Program = {
  name: 'Fastify 5',
  async start(monitor, look) {
    const app = fastify({ forceCloseConnections: true })
    if (monitor !== undefined) await app.register(onFastify, { monitor })
    app.get('/api/items/:id', async (request, reply) => {
      const { url, method, config } = request.routeOptions
      look(request.raw, reply.raw, {
        url,
        method,
        config: { ...config },
        keys: [Object.keys(request), Object.keys(reply)],
      })
      return 'item'
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return {
      url: await listening(app.server),
      close: () => app.close(),
      shown: () => ({
        routes: app.printRoutes(),
        has: app.hasRoute({ method: 'GET', url: '/api/items/:id' }),
        keys: Reflect.ownKeys(app).map(String),
        decorators: [app.hasRequestDecorator('promherd'), app.hasReplyDecorator('promherd')],
      }),
    }
  },
}

const koaProgram: Program = {
  name: 'Koa 3',
  async start(monitor, look) {
    const app = new Koa()
    app.silent = true
    app.use(monitor === undefined ? (_context, next) => next() : (onKoa({ monitor }) as Koa.Middleware))
    const router = new Router({ prefix: '/api' })
    router.get('/items/:id', context => {
      const { req, res, state, params } = context
      const said = { keys: Reflect.ownKeys(context).map(String), state: { ...state }, params: { ...params } }
      look(req, res, { ...said, request: Reflect.ownKeys(context.request).map(String) })
      context.body = 'item'
    })
    app.use(router.routes() as Koa.Middleware)
    const list = app.middleware
    const middlewares = [...list]
    return {
      ...(await serving('HTTP/1.1', app.callback())),
      shown: () => ({
        isSameList: app.middleware === list,
        isSame: app.middleware.map((middleware, i) => middleware === middlewares[i]),
        keys: Reflect.ownKeys(app).map(String),
        layers: router.stack.map(layer => Object.keys(layer)),
      }),
    }
  },
}

const honoProgram: Program = {
  name: 'Hono 4',
  async start(monitor, look) {
    const app = new Hono()
    app.use(monitor === undefined ? (_context, next) => next() : onHono({ monitor }))
    app.get('/api/items/:id', context => {
      const { incoming, outgoing } = context.env as { incoming: IncomingMessage; outgoing: ServerResponse }
      const routes = matchedRoutes(context).map(({ method, path }) => `${method} ${path}`)
      look(incoming, outgoing, {
        routes,
        path: routePath(context),
        at: context.req.routeIndex,
        param: context.req.param(),
      })
      return context.text('item')
    })
    const server = createAdaptorServer({ fetch: app.fetch }) as ReturnType<typeof createServer>
    const handlers = app.routes.map(({ handler }) => handler)
    const close = async (): Promise<void> => {
      server.closeAllConnections()
      server.close()
    }
    return {
      url: await listening(server),
      close,
      shown: () => ({
        isSame: app.routes.map(({ handler }, i) => handler === handlers[i]),
        isMatched: app.router.match('GET', '/api/items/1')[0].map(([[handler]], i) => handler === handlers[i]),
        keys: Reflect.ownKeys(app).map(String),
      }),
    }
  },
}

/** The program on every framework that has an adapter. */
export const PROGRAMS: readonly Program[] = [
  ...Object.entries(VERSIONS).map(([name, express]) => expressProgram(name, express)),
  fastifyProgram,
  koaProgram,
  honoProgram,
  onNode,
]
