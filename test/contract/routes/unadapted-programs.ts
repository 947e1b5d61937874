import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import * as feathersExpress from '@feathersjs/express'
import { feathers } from '@feathersjs/feathers'
import { bodyParser, koa, rest as koaRest } from '@feathersjs/koa'
import type { Monitor } from '@promherd/core'
import { prometheus as expressPrometheus } from '@promherd/express'
import { prometheus as koaPrometheus } from '@promherd/koa'
import { App } from '@tinyhttp/app'
import connect from 'connect'
import { createSchema, createYoga } from 'graphql-yoga'
import { H3, serve, toNodeHandler } from 'h3'
import { closing, listening } from '../stage.ts'

/** A program on a framework without an adapter, and the templates of its requests. */
export interface Program {
  readonly name: string
  /** True if the framework creates the server, and the server does not show which framework it is. */
  readonly listensByItself?: true
  /** A path that a route serves, and its template. */
  readonly item: readonly [path: string, route: string]
  /** A path of a mounted application or router, and its template. */
  readonly mounted?: readonly [path: string, route: string]
  /** With an adapter that records into `monitor`, if the program uses a framework that has one. */
  start(monitor?: Monitor): Promise<Serving>
}

export interface Serving {
  readonly url: string
  /** Undefined if the framework does not expose it. */
  readonly server?: Server
  close(): Promise<void>
}

const PATHS = { item: ['/items/7', '/items/:id'], mounted: ['/api/users/3', '/api/users/:id'] } as const

async function serving(server: Server): Promise<Serving> {
  return { url: await listening(server), server, close: () => closing(server) }
}

const require = createRequire(import.meta.url)

interface Polka {
  get(path: string, handler: (request: unknown, response: { end(text: string): void }) => void): Polka
  use(path: string, app: Polka): Polka
  readonly handler: Parameters<typeof createServer>[1]
}

const POLKA: Program = {
  name: 'polka 0.5',
  ...PATHS,
  start() {
    const polka = require('polka') as () => Polka
    const api = polka().get('/users/:id', (_request, response) => response.end('user'))
    const app = polka().get('/items/:id', (_request, response) => response.end('item'))
    return serving(createServer(app.use('/api', api).handler as never))
  },
}

function tinyhttp(name: string, settings: object): Program {
  return {
    name,
    ...PATHS,
    start() {
      const app = new App({ settings })
      const api = new App({ settings })
      api.get('/users/:id', (_request, response) => void response.send('user'))
      app.use('/api', api as never)
      app.get('/items/:id', (_request, response) => void response.send('item'))
      return serving(createServer(app.attach as never))
    },
  }
}

interface H3Of1 {
  createApp(): { use(handler: unknown): unknown }
  createRouter(): {
    get(path: string, handler: unknown): unknown
    use(path: string, handler: unknown): unknown
    handler: unknown
  }
  eventHandler(handler: () => string): unknown
  useBase(base: string, handler: unknown): unknown
  toNodeListener(app: unknown): Parameters<typeof createServer>[1]
}

const H3_1: Program = {
  name: 'h3 1',
  ...PATHS,
  start() {
    const { createApp, createRouter, eventHandler, toNodeListener, useBase: based } = require('h3-1') as H3Of1
    const api = createRouter()
    api.get(
      '/users/:id',
      eventHandler(() => 'user'),
    )
    const router = createRouter()
    router.get(
      '/items/:id',
      eventHandler(() => 'item'),
    )
    router.use('/api/**', based('/api', api.handler))
    const app = createApp()
    app.use(router)
    return serving(createServer(toNodeListener(app) as never))
  },
}

const H3_2: Program = {
  name: 'h3 2',
  ...PATHS,
  start() {
    const api = new H3().get('/users/:id', () => 'user')
    const app = new H3().get('/items/:id', () => 'item').mount('/api', api)
    return serving(createServer(toNodeHandler(app) as never))
  },
}

const H3_2_SERVED: Program = {
  name: 'h3 2, served by itself',
  listensByItself: true,
  ...PATHS,
  async start() {
    const api = new H3().get('/users/:id', () => 'user')
    const app = new H3().get('/items/:id', () => 'item').mount('/api', api)
    const served = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
    await served.ready()
    const server = served.node!.server as Server
    return { url: served.url!.replace(/\/$/, ''), server, close: () => closing(server) }
  },
}

const SERVICE = { get: async (id: unknown) => ({ id }), find: async () => [] }
const FEATHERS = { item: ['/items/7', '/items/:__id'], mounted: ['/users/3/posts', '/users/:user/posts'] } as const

const FEATHERS_KOA: Program = {
  name: 'Feathers 5 on Koa',
  ...FEATHERS,
  start(monitor) {
    const app = koa(feathers())
    if (monitor !== undefined) app.use(koaPrometheus({ monitor }) as never)
    app.use(bodyParser())
    app.configure(koaRest())
    app.use('items', SERVICE)
    app.use('users/:user/posts', { ...SERVICE })
    return serving(createServer(app.callback()))
  },
}

const FEATHERS_EXPRESS: Program = {
  name: 'Feathers 5 on Express',
  ...FEATHERS,
  start(monitor) {
    // The module is the function, which its types do not declare.
    const expressify = feathersExpress.default as unknown as typeof feathersExpress.default.default
    const app = expressify(feathers())
    if (monitor !== undefined) app.use(expressPrometheus({ monitor }) as never)
    app.configure(feathersExpress.rest())
    app.use('items', SERVICE)
    app.use('users/:user/posts', { ...SERVICE })
    return serving(createServer(app as never))
  },
}

interface Moleculer {
  readonly ServiceBroker: new (
    options: object,
  ) => {
    createService(schema: object): { readonly server: Server }
    start(): Promise<void>
    stop(): Promise<void>
  }
}

const MOLECULER: Program = {
  name: 'moleculer-web 0.10',
  item: PATHS.item,
  mounted: ['/api/users/3', '/api/users/:id'],
  async start() {
    const { ServiceBroker } = require('moleculer') as Moleculer
    const broker = new ServiceBroker({ logger: false })
    broker.createService({ name: 'items', actions: { get: () => 'item', list: () => [] } })
    const gateway = broker.createService({
      mixins: [require('moleculer-web')],
      settings: {
        port: 0,
        ip: '127.0.0.1',
        routes: [
          { path: '/api', aliases: { 'GET users/:id': 'items.get' } },
          { path: '/', aliases: { 'GET items/:id': 'items.get' }, mappingPolicy: 'restrict' },
        ],
      },
    })
    await broker.start()
    const { server } = gateway
    const { port } = server.address() as { port: number }
    return {
      url: `http://127.0.0.1:${port}`,
      server,
      async close() {
        server.closeAllConnections()
        await broker.stop()
      },
    }
  },
}

const YOGA: Program = {
  name: 'GraphQL Yoga 5',
  item: ['/graphql?query={hello}', '/graphql'],
  start() {
    const typeDefs = 'type Query { hello: String }'
    const schema = createSchema({ typeDefs, resolvers: { Query: { hello: () => 'hello' } } })
    return serving(createServer(createYoga({ schema: schema as never, logging: false, landingPage: false })))
  },
}

const APOLLO: Program = {
  name: 'Apollo 5 standalone',
  listensByItself: true,
  item: ['/graphql?query={hello}', '/*'],
  async start() {
    const typeDefs = 'type Query { hello: String }'
    const server = new ApolloServer({ typeDefs, resolvers: { Query: { hello: () => 'hello' } }, csrfPrevention: false })
    const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })
    return { url: url.replace(/\/$/, ''), close: () => server.stop() }
  },
}

const CONNECT: Program = {
  name: 'connect 3',
  item: ['/items/7', '/items'],
  mounted: ['/api/users/3', '/api/*'],
  start() {
    const answer = (_request: unknown, response: { end(text: string): void }): void => response.end('answer')
    return serving(createServer(connect().use('/items', answer).use('/api', connect().use('/users', answer))))
  },
}

export const PROGRAMS: readonly Program[] = [
  CONNECT,
  POLKA,
  tinyhttp('tinyhttp 3 with its settings', { enableReqRoute: true, bindAppToReqRes: true }),
  tinyhttp('tinyhttp 3', {}),
  H3_1,
  H3_2,
  H3_2_SERVED,
  FEATHERS_KOA,
  FEATHERS_EXPRESS,
  MOLECULER,
  YOGA,
  APOLLO,
]
