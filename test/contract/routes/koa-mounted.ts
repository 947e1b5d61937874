import Koa, { type Context, type Middleware } from 'koa'
import mount from 'koa-mount'
import type { Law } from '../law.ts'
import type { OnKoa } from './koa-world.ts'

type Next = () => Promise<unknown>
type Routed = { routes(): unknown }

const ok = (context: { body?: unknown }): void => {
  context.body = 'ok'
}
const pass = (_context: unknown, next: Next): Promise<unknown> => next()
const routed = (router: Routed): Middleware => router.routes() as Middleware

/** What koa-mount, and functions, mount. */
export const MOUNTED: readonly Law<OnKoa>[] = [
  {
    sentence: 'a router that koa-mount mounts has its prefix, and a router that is mounted twice has two',
    async run(world) {
      const { app, Router } = world
      const router = new Router().get('/items/:id', ok).get('/', ok)
      app.use(mount('/one', routed(router)))
      app.use(mount('/two/deep', routed(router)))
      const inner = new Koa().use(routed(router))
      app.use(mount('/app', inner))
      world.use(router)
      const answers = { '/one/items/1': 200, '/two/deep/items/1': 200, '/app/items/1': 200, '/items/1': 200 }
      const requests = {
        'GET /one/items/:id 200': 1,
        'GET /two/deep/items/:id 200': 1,
        'GET /app/items/:id 200': 1,
        'GET /items/:id 200': 1,
        'GET /one 200': 1,
        'GET _unmatched 404': 1,
      }
      await world.gives({ ...answers, '/one': 200, '/one/none': 404 }, requests)
    },
  },
  {
    sentence: 'nested mounts have all of their prefixes, even if other mounts passed the request on before',
    async run(world) {
      const { app, Router } = world
      const router = new Router().get('/items/:id', ok)
      const passing = new Router().get('/items/:id', pass as never)
      const inner = new Koa()
        .use(mount('/a', routed(router)))
        .use(mount('/b', new Koa().use(mount('/c', routed(router)))))
      app.use(mount('/x', new Koa().use(pass as never).use(routed(passing))))
      app.use(mount('/x', inner))
      app.use(routed(new Router().get('/x/:rest/items/:id', ok)))
      const answers = { '/x/a/items/1': 200, '/x/b/c/items/1': 200, '/x/d/items/1': 200 }
      const requests = {
        'GET /x/a/items/:id 200': 1,
        'GET /x/b/c/items/:id 200': 1,
        'GET /x/:rest/items/:id 200': 1,
      }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a response from a mounted middleware has its mount path, never the request path',
    async run(world) {
      const { app } = world
      app.use(mount('/passed', pass as never))
      app.use(
        mount('/static', ((context: Context, next: Next) => (context.path === '/a' ? ok(context) : next())) as never),
      )
      app.use(context => {
        if (context.path.startsWith('/passed')) context.body = 'passed'
      })
      const requests = { 'GET /static 200': 1, 'GET _unmatched 404': 1, 'GET _middleware 200': 1 }
      await world.gives({ '/static/a': 200, '/static/b': 404, '/passed/1': 200 }, requests)
    },
  },
  {
    sentence: 'if a function removes a part of the path, that part is unknown: /*',
    async run(world) {
      const { app, Router } = world
      const router = new Router().get('/items/:id', ok)
      app.use((context, next) => {
        context.path = context.path.replace(/^\/tenant-\d/, '')
        return next()
      })
      app.use(
        mount('/in', ((context: Context, next: Next) => {
          context.path = context.path.replace('/old', '/items')
          return (router.routes() as unknown as (context: unknown, next: Next) => Promise<unknown>)(context, next)
        }) as never),
      )
      app.use(routed(router))
      const answers = { '/items/1': 200, '/tenant-1/items/1': 200, '/tenant-2/items/1': 200, '/in/old/1': 200 }
      const requests = { 'GET /items/:id 200': 1, 'GET /*/items/:id 200': 2, 'GET /in/items/:id 200': 1 }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a prefix that is set later applies to the routes, and a regular expression keeps its prefix',
    async run(world) {
      const { app, Router } = world
      const late = new Router().get('/items/:id', ok)
      late.prefix('/late/:x')
      world.use(late)
      app.use(mount('/m', routed(new Router().get(/^\/number-\d+$/, ok))))
      const requests = { 'GET /late/:x/items/:id 200': 2, 'GET /m/^\\/number-\\d+$/ 200': 1 }
      await world.gives({ '/late/1/items/1': 200, '/late/2/items/2': 200, '/m/number-1': 200 }, requests)
    },
  },
]
