import type { RequestListener, Server } from 'node:http'
import expressPlugin from '@fastify/express'
import middie from '@fastify/middie'
import { getRequestListener } from '@hono/node-server'
import type { Monitor } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import connect from 'connect'
import type { Express } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { VERSIONS } from '../harnesses/express.ts'
import { serving } from '../harnesses/serving.ts'
import type { Chapter, Law } from '../law.ts'
import { closing, listening } from '../stage.ts'
import type { Application } from '../world.ts'
import { Routes, routesSubjects } from './asking.ts'

/** Whether the applications of a law are to have adapters. */
interface Nesting {
  readonly monitor: Monitor | undefined
  readonly express: () => Express
}

class Nested extends Routes<Nesting> {
  start: () => Promise<Application> = () => serving('HTTP/1.1', () => {})

  /** Serves a listener of Node. */
  serves(listener: RequestListener): void {
    this.start = () => serving('HTTP/1.1', listener)
  }

  /** An application of Express with its adapter, if there are to be any, and a route `/items/:id`. */
  expressApp(): Express {
    const app = this.app.express()
    if (this.app.monitor !== undefined) app.use(onExpress({ monitor: this.app.monitor }))
    app.get('/items/:id', (_request, response) => void response.send('ok'))
    return app
  }
}

const ANSWERS = { '/one/items/1': 200, '/two/items/1': 200 }

const LAWS: readonly Law<Nested>[] = [
  {
    sentence: 'an application of Express that a function calls has its templates',
    async run(world) {
      const app = world.expressApp()
      world.serves((request, response) => void app(request, response))
      await world.gives({ '/items/1': 200, '/none': 404 }, { 'GET /items/:id 200': 1, 'GET _unmatched 404': 1 })
    },
  },
  {
    sentence: 'a part of the path that a function removes before Express is called is unknown: /*',
    async run(world) {
      const app = world.expressApp()
      world.serves((request, response) => {
        request.url = request.url!.replace(/^\/(one|two)/, '')
        app(request, response)
      })
      await world.gives({ ...ANSWERS, '/items/1': 200 }, { 'GET /*/items/:id 200': 2, 'GET /items/:id 200': 1 })
    },
  },
  {
    sentence: 'a part of the path that connect removes before Express is called is the mount path of connect',
    async run(world) {
      const inner = world.expressApp().get('/', (_request, response) => void response.send('root'))
      const app = connect().use('/one', inner).use('/two', world.expressApp())
      world.serves(app.use('/three', connect().use('/four', world.expressApp())))
      await world.gives(
        { '/one': 200, '/one?a=b': 200, ...ANSWERS, '/ONE/items/2': 200, '/one/none': 404, '/three/four/items/1': 200 },
        {
          'GET /one 200': 2,
          'GET /one/items/:id 200': 2,
          'GET /two/items/:id 200': 1,
          // Which application of connect stands in another one is in its closures.
          'GET /three/*/items/:id 200': 1,
          'GET _unmatched 404': 1,
        },
      )
    },
  },
  {
    sentence: 'an application of Express inside Fastify has its templates, and so have the routes of Fastify',
    async run(world) {
      const { monitor } = world.app
      world.start = async () => {
        const app = fastify()
        if (monitor !== undefined) await app.register(onFastify, { monitor })
        await app.register(expressPlugin)
        ;(app as unknown as { use(of: unknown): void }).use(world.expressApp())
        app.get('/users/:id', async () => 'user')
        return servingFastify(app)
      }
      const requests = { 'GET /items/:id 200': 1, 'GET /users/:id 200': 1, 'GET _unmatched 404': 1 }
      await world.gives({ '/items/1': 200, '/users/1': 200, '/none': 404 }, requests)
    },
  },
  {
    sentence:
      'a part of the path that @fastify/middie removes is unknown: /* before a route of Express, and _middleware for a function',
    async run(world) {
      const { monitor } = world.app
      world.start = async () => {
        const app = fastify()
        if (monitor !== undefined) await app.register(onFastify, { monitor })
        await app.register(middie)
        const use = (app as unknown as { use(path: string, of: unknown): void }).use.bind(app)
        use('/one', world.expressApp())
        use('/two', world.expressApp())
        use('/three', ((_request, response) => void response.end('function')) satisfies RequestListener)
        app.get('/users/:id', async () => 'user')
        return servingFastify(app)
      }
      await world.gives(
        { ...ANSWERS, '/users/1': 200, '/three/1': 200 },
        { 'GET /*/items/:id 200': 2, 'GET /users/:id 200': 1, 'GET _middleware 200': 1 },
      )
    },
  },
  {
    sentence: 'an application of Hono that another one mounts has its mount path',
    async run(world) {
      const { monitor } = world.app
      const honoApp = (): Hono => {
        const app = new Hono()
        if (monitor !== undefined) app.use(onHono({ monitor }))
        return app
      }
      const inner = honoApp().get('/items/:id', context => context.text('ok'))
      const app = honoApp().mount('/one', inner.fetch).mount('/two', inner.fetch)
      app.get('*', context => context.text('page'))
      world.serves(getRequestListener(app.fetch))
      const requests = { 'GET /one/items/:id 200': 1, 'GET /two/items/:id 200': 1, 'GET /* 200': 1 }
      await world.gives({ ...ANSWERS, '/page': 200 }, requests)
    },
  },
]

async function servingFastify(app: {
  ready(): PromiseLike<unknown>
  server: Server
  close(): unknown
}): Promise<Application> {
  await app.ready()
  return {
    url: await listening(app.server),
    close: async () => {
      await closing(app.server)
    },
  }
}

/** What routes are called where one framework calls another, or a function does. */
export const ON_NESTED: Chapter<Nested> = {
  title: 'Applications in applications',
  about:
    'The route is that of the innermost framework that reports one. If a function removed a part of the path ' +
    'before and does not report which, that part is `/*`; two mounts of one application are then one series. ' +
    'Applications that Express, `@fastify/express` or connect mount have the mount path that the program wrote.',
  subjects: routesSubjects(
    Object.fromEntries(
      Object.entries(VERSIONS).map(([name, express]) => [
        name,
        (monitor: Monitor, isPreloaded: boolean) => {
          const world: Nested = new Nested(
            { monitor: isPreloaded ? undefined : monitor, express: express as unknown as () => Express },
            monitor,
            () => world.start(),
          )
          return world
        },
      ]),
    ),
  ),
  laws: LAWS,
}
