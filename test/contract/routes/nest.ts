import 'reflect-metadata'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as Common from '@nestjs/common'
import type { INestApplication } from '@nestjs/common'
import type * as Core from '@nestjs/core'
import type { Monitor } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../client.ts'
import type { Chapter, Law } from '../law.ts'
import { settled } from '../reading.ts'
import { listening } from '../stage.ts'
import { Routes, routesSubjects } from './asking.ts'

/** One version of NestJS, each in a separate package. */
interface Nest {
  readonly common: typeof Common
  readonly core: typeof Core
  /** Another package of the same version. */
  readonly load: (name: string) => Promise<never>
  readonly adapter: () => object
}

type Platform = 'express' | 'fastify'

async function nestOf(version: number, platform: Platform): Promise<Nest> {
  const folder = version === 12 ? '../../' : `../../versions/nest-${version}/`
  const { resolve } = createRequire(new URL(`${folder}package.json`, import.meta.url))
  const load = (name: string): Promise<never> => import(pathToFileURL(resolve(name)).href) as Promise<never>
  const Adapters = (await load(`@nestjs/platform-${platform}`)) as Readonly<Record<string, new () => object>>
  const Adapter = Adapters[platform === 'express' ? 'ExpressAdapter' : 'FastifyAdapter']!
  return { common: await load('@nestjs/common'), core: await load('@nestjs/core'), load, adapter: () => new Adapter() }
}

type Decorator = MethodDecorator | ParameterDecorator | ClassDecorator

/** How a law configures an application before it listens. */
type Prepare = (app: INestApplication, nest: Nest) => void | Promise<void>

class OnNest extends Routes<Nest> {
  prepare: Prepare = () => {}
  platform: Platform = 'express'
  isPreloaded = false
  /** Gateways of WebSockets. */
  readonly providers: (new () => object)[] = []
}

/** A module with two controllers, a guard, a filter, and a middleware that responds for `/closed`. */
function rootOf({ common }: Nest, providers: (new () => object)[]): new () => object {
  const { Controller, Get, Post, Module, UseGuards, ParseIntPipe, Param, Version } = common
  class Items {
    one(): string {
      return 'item'
    }
    number(): string {
      return 'number'
    }
    broken(): never {
      throw new Error('broken')
    }
    missing(): never {
      throw new common.NotFoundException()
    }
    guarded(): string {
      return 'never'
    }
    made(): string {
      return 'made'
    }
  }
  const on = (name: keyof Items, ...decorators: readonly Decorator[]): void => {
    for (const decorate of decorators) {
      const descriptor = Object.getOwnPropertyDescriptor(Items.prototype, name)!
      ;(decorate as MethodDecorator)(Items.prototype, name, descriptor)
    }
  }
  on('one', Get(':id'))
  on('number', Get('number/:n'))
  Param('n', ParseIntPipe)(Items.prototype, 'number', 0)
  on('broken', Get(':id/broken'))
  on('missing', Get(':id/missing'))
  on('guarded', Get(':id/guarded'), UseGuards({ canActivate: () => false }))
  on('made', Post(), Version('2'))
  Controller('items')(Items)
  class Health {
    health(): string {
      return 'well'
    }
  }
  Get()(Health.prototype, 'health', Object.getOwnPropertyDescriptor(Health.prototype, 'health')!)
  Controller({ path: 'health', version: common.VERSION_NEUTRAL })(Health)
  class Root {
    configure(consumer: Common.MiddlewareConsumer): void {
      const refuse = (_request: unknown, response: { statusCode: number; end(text: string): void }): void => {
        response.statusCode = 401
        response.end('unauthorized')
      }
      consumer.apply(refuse).forRoutes('closed')
    }
  }
  Module({ controllers: [Items, Health], providers })(Root)
  return Root
}

const LAWS: readonly Law<OnNest>[] = [
  {
    sentence:
      'a request without a matching route is _unmatched: without a prefix, under it, beside it, and at an excluded path',
    async run(world) {
      world.prepare = app => void app.setGlobalPrefix('api', { exclude: ['health'] })
      const answers = { '/api/items/1': 200, '/health': 200, '/api/none': 404, '/none': 404, '/api/items/1/2/3': 404 }
      const requests = {
        'GET /api/items/:id 200': 1,
        'GET /health 200': 1,
        'GET _unmatched 404': 3,
        'POST _unmatched 404': 2,
      }
      await world.gives({ ...answers, 'POST /health': 404, 'POST /api/items/1': 404 }, requests)
      await world.hasErrors({ 'GET _unmatched not_found': 3, 'POST _unmatched not_found': 2 })
    },
  },
  {
    sentence: 'a 404 that a route throws has the route',
    async run(world) {
      await world.gives(
        { '/items/1/missing': 404, '/none': 404 },
        {
          'GET /items/:id/missing 404': 1,
          'GET _unmatched 404': 1,
        },
      )
    },
  },
  {
    sentence: 'thrown errors have the same categories as on other frameworks: exception, auth, validation',
    async run(world) {
      const answers = {
        '/items/1/broken': 500,
        '/items/1/guarded': 403,
        '/items/number/x': 400,
        '/items/number/1': 200,
      }
      await world.gives(answers, {
        'GET /items/:id/broken 500': 1,
        'GET /items/:id/guarded 403': 1,
        'GET /items/number/:n 400': 1,
        'GET /items/number/:n 200': 1,
      })
      await world.hasErrors({
        'GET /items/:id/broken exception': 1,
        'GET /items/:id/guarded auth': 1,
        'GET /items/number/:n validation': 1,
      })
    },
  },
  {
    sentence: 'an error that a filter responds to is still counted for its route',
    async run(world) {
      world.prepare = (app, { common }) => {
        class Filter {
          catch(_exception: unknown, host: Common.ArgumentsHost): void {
            const reply = host.switchToHttp().getResponse<{ status(code: number): { send(text: string): void } }>()
            reply.status(500).send('of my own')
          }
        }
        common.Catch()(Filter)
        app.useGlobalFilters(new Filter())
      }
      await world.gives({ '/items/1/broken': 500 }, { 'GET /items/:id/broken 500': 1 })
      await world.hasErrors({ 'GET /items/:id/broken exception': 1 })
    },
  },
  {
    sentence: 'a version in the path is part of the route, one in a header is not',
    async run(world) {
      world.prepare = (app, { common }) => {
        app.enableVersioning({ type: common.VersioningType.URI, defaultVersion: '1' })
        app.setGlobalPrefix('api')
      }
      const requests = {
        'GET /api/v1/items/:id 200': 1,
        'POST /api/v2/items 201': 1,
        'GET /api/health 200': 1,
        'GET _unmatched 404': 1,
      }
      const answers = { '/api/v1/items/1': 200, 'POST /api/v2/items': 201, '/api/health': 200, '/api/v3/items/1': 404 }
      await world.gives(answers, requests)
    },
  },
  ...(['HEADER', 'MEDIA_TYPE', 'CUSTOM'] as const).map(
    (type): Law<OnNest> => ({
      sentence: `a version by ${type} is not part of the route, and an unknown version is _unmatched`,
      async run(world) {
        world.prepare = (app, { common }) => {
          const extractor = ({ headers }: { headers: Record<string, string> }): string => headers['x-version'] ?? ''
          const options = { type: common.VersioningType[type], header: 'x-version', key: 'v=', extractor }
          app.enableVersioning({ ...options, defaultVersion: '1' } as never)
        }
        const headers = { 'x-version': '2', accept: 'application/json;v=2' }
        const answers = { 'POST /items': 201, '/health': 200, '/items/1': 404 }
        const requests = { 'POST /items 201': 1, 'GET /health 200': 1, 'GET _unmatched 404': 1 }
        await world.gives(answers, requests, headers)
      },
    }),
  ),
  {
    sentence:
      'a response from a middleware of `forRoutes` has its mount path on Express; on Fastify it is _middleware, or _refused for the adapter, which is called later',
    async run(world) {
      const { platform, isPreloaded } = world
      const route = platform === 'express' ? '/closed' : isPreloaded ? '_middleware' : '_refused'
      await world.gives({ '/closed': 401, '/items/1': 200 }, { 'GET /items/:id 200': 1, [`GET ${route} 401`]: 1 })
    },
  },
  {
    sentence: 'in an application with microservices, requests over HTTP have their routes',
    async run(world) {
      world.prepare = async (app, { load }) => {
        const { Transport } = (await load('@nestjs/microservices')) as { Transport: { TCP: number } }
        app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as never)
        await app.startAllMicroservices()
      }
      await world.gives({ '/items/1': 200, '/none': 404 }, { 'GET /items/:id 200': 1, 'GET _unmatched 404': 1 })
    },
  },
  {
    sentence:
      'a handshake with a gateway of `ws` has the path of the gateway, also of several on one server, and no other path',
    async run(world) {
      const { load } = world.app
      world.providers.push(await gatewayAt(load, '/live'), await gatewayAt(load, '/rooms/events'))
      world.prepare = async app => {
        const { WsAdapter } = (await load('@nestjs/platform-ws')) as { WsAdapter: new (app: unknown) => never }
        app.useWebSocketAdapter(new WsAdapter(app))
      }
      const { url, close } = await world.serve()
      try {
        await ask(`${url}/items/1`)
        for (const path of ['/live', '/live?token=1', '/rooms/events', '/none/4']) await dialled(url + path)
        await settled(world.monitor, {
          'GET /items/:id 200': 1,
          'GET /live 101': 2,
          'GET /rooms/events 101': 1,
          'GET _unknown 500': 1,
        })
      } finally {
        await close()
      }
    },
  },
  {
    sentence:
      'a handshake with a gateway of socket.io has the path of the gateway, and so has its polling where the server is followed',
    async run(world) {
      const { load } = world.app
      world.providers.push(await gatewayAt(load, '/chat'))
      world.prepare = async app => {
        const { IoAdapter } = (await load('@nestjs/platform-socket.io')) as { IoAdapter: new (app: unknown) => never }
        app.useWebSocketAdapter(new IoAdapter(app))
      }
      const { url, close } = await world.serve()
      try {
        expect((await ask(`${url}/items/1`)).status).toBe(200)
        await dialled(`${url}/chat/?EIO=4&transport=websocket`)
        expect((await ask(`${url}/chat/?EIO=4&transport=polling`)).status).toBe(200)
        const polling = world.isPreloaded || world.platform === 'fastify' ? { 'GET /chat 200': 1 } : undefined
        await settled(world.monitor, { 'GET /items/:id 200': 1, 'GET /chat 101': 1, ...polling })
      } finally {
        await close()
      }
    },
  },
]

/** A class that is a gateway of WebSockets at this path. */
async function gatewayAt(load: Nest['load'], path: string): Promise<new () => object> {
  const { WebSocketGateway } = (await load('@nestjs/websockets')) as {
    WebSocketGateway: (options: object) => ClassDecorator
  }
  class Gateway {}
  WebSocketGateway({ path })(Gateway)
  return Gateway
}

/** Opens a WebSocket and closes it, or is refused. */
async function dialled(url: string): Promise<void> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  socket.on('open', () => socket.terminate())
  socket.on('error', () => {})
  await new Promise(resolve => socket.once('close', resolve))
}

async function serve(world: OnNest, monitor: Monitor | undefined, platform: Platform) {
  const nest = world.app
  const app: INestApplication = await nest.core.NestFactory.create(
    rootOf(nest, world.providers),
    nest.adapter() as never,
    {
      logger: false,
    },
  )
  if (monitor !== undefined) {
    if (platform === 'express') app.use(onExpress({ monitor }))
    else
      await (app as unknown as { register(plugin: unknown, options: object): Promise<void> }).register(onFastify, {
        monitor,
      })
  }
  await world.prepare(app, nest)
  await app.listen(0, '127.0.0.1')
  const server = app.getHttpServer()
  return {
    url: await listening(server),
    async close() {
      server.closeAllConnections()
      await app.close()
    },
  }
}

const SUBJECTS = [10, 11, 12].flatMap(version =>
  (['express', 'fastify'] as const).map(platform => [version, platform] as const),
)

/** The labels of routes on NestJS. */
export const ON_NEST: Chapter<OnNest> = {
  title: 'Routes on NestJS',
  about:
    'A route is its path with the prefix, the version and the path of its controller, as the platform writes it. ' +
    'A 404 that NestJS sends because it has no route is `_unmatched`, whichever route of the platform handled it. ' +
    'The adapter of Express records only requests that reach it; the polling requests of socket.io do not.',
  subjects: routesSubjects(
    Object.fromEntries(
      SUBJECTS.map(([version, platform]) => [
        `NestJS ${version} on ${platform === 'express' ? 'Express' : 'Fastify'}`,
        async (monitor: Monitor, isPreloaded: boolean) => {
          const world: OnNest = new OnNest(await nestOf(version, platform), monitor, () =>
            serve(world, isPreloaded ? undefined : monitor, platform),
          )
          world.platform = platform
          world.isPreloaded = isPreloaded
          return world
        },
      ]),
    ),
  ),
  laws: LAWS,
}
