import { prometheus } from '@promherd/koa'
import Koa, { type Context } from 'koa'
import { KOA_2, Koa2, ROUTERS } from '../harnesses/koa.ts'
import { serving } from '../harnesses/serving.ts'
import type { Chapter, Law } from '../law.ts'
import { routesSubjects } from './asking.ts'
import { MOUNTED } from './koa-mounted.ts'
import { OnKoa } from './koa-world.ts'

type Next = () => Promise<unknown>

const ok = (context: { body?: unknown }): void => {
  context.body = 'ok'
}
const refuse = (context: { status?: number }): void => {
  context.status = 401
}
const pass = (_context: unknown, next: Next): Promise<unknown> => next()
const broken = (): never => {
  throw new Error('broken')
}

const PREFIXES: readonly Law<OnKoa>[] = [
  {
    sentence: 'nested routers have all of their prefixes, including parameters',
    async run(world) {
      const { Router } = world
      const posts = new Router({ prefix: '/posts' }).get('/:post', ok)
      const users = new Router({ prefix: '/users/:id' }).get('/', ok)
      users.use(posts.routes())
      const api = new Router({ prefix: '/api/:v' })
      api.use('/deep', users.routes())
      world.use(api)
      const answers = {
        '/api/1/deep/users/2/posts/3': 200,
        '/api/2/deep/users/3/posts/3': 200,
        '/api/1/deep/users/2': 200,
      }
      const requests = { 'GET /api/:v/deep/users/:id/posts/:post 200': 2, 'GET /api/:v/deep/users/:id 200': 1 }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'of two routers one after the other, the route is that of the router that responds',
    async run(world) {
      const { Router } = world
      world.use(
        new Router().get('/items/:first', pass).post('/items/:poster', ok),
        new Router().get('/items/:second', ok),
        new Router().get('/items/:third', ok),
      )
      await world.gives(
        { '/items/1': 200, 'POST /items/1': 200 },
        { 'GET /items/:second 200': 1, 'POST /items/:poster 200': 1 },
      )
    },
  },
  {
    sentence: 'of two routes that match, the route is the one that responds',
    async run(world) {
      const { Router } = world
      world.use(
        new Router()
          .get('/items/:id', ok)
          .get(/^\/items\//, ok)
          .get('/items/:other', ok),
      )
      await world.gives({ '/items/1': 200 }, { 'GET /items/:id 200': 1 })
    },
  },
]

const MATCHING: readonly Law<OnKoa>[] = [
  {
    sentence: 'a regular expression is labelled as it is written',
    async run(world) {
      const { Router } = world
      world.use(new Router().get(/^\/number-\d+$/, ok))
      await world.gives({ '/number-1': 200, '/number-2': 200 }, { 'GET /^\\/number-\\d+$/ 200': 2 })
    },
  },
  {
    sentence: 'each path of a list is a template',
    async run(world) {
      const { Router } = world
      world.use(new Router().get(['/one/:id', '/two/:id'], ok))
      await world.gives({ '/one/1': 200, '/two/1': 200 }, { 'GET /one/:id 200': 1, 'GET /two/:id 200': 1 })
    },
  },
  {
    sentence: 'a HEAD request that a GET route handles has that route',
    async run(world) {
      const { Router } = world
      world.use(new Router({ prefix: '/api' }).get('/items/:id', ok))
      await world.gives({ 'HEAD /api/items/1': 200 }, { 'HEAD /api/items/:id 200': 1 })
    },
  },
  {
    sentence: 'a route for all methods is a route',
    async run(world) {
      const { Router } = world
      world.use(new Router().all('/any/:id', ok))
      await world.gives({ '/any/1': 200, 'PUT /any/1': 200 }, { 'GET /any/:id 200': 1, 'PUT /any/:id 200': 1 })
    },
  },
  {
    sentence: 'an OPTIONS response from `allowedMethods()` is _middleware, and a method that it rejects is _unmatched',
    async run(world) {
      const { Router } = world
      const router = new Router().get('/items/:id', ok)
      world.use(router)
      world.app.use(router.allowedMethods() as never)
      const answers = { 'OPTIONS /items/1': 200, 'PUT /items/1': 405, 'PURGE /items/1': 501 }
      const requests = { 'OPTIONS _middleware 200': 1, 'PUT _unmatched 405': 1, '_OTHER _unmatched 501': 1 }
      await world.gives(answers, requests)
    },
  },
]

const BESIDE: readonly Law<OnKoa>[] = [
  {
    sentence: 'a response from a middleware of a router has the matched route',
    async run(world) {
      const { Router } = world
      const router = new Router({ prefix: '/admin' })
      router.use(refuse)
      router.get('/items/:id', ok).get('/users/:id', ok)
      const other = new Router().get('/other/:id', pass, ok)
      other.use('/closed', refuse)
      other.get('/closed/:id', ok)
      world.use(router, other)
      const answers = { '/admin/items/1': 401, '/admin/users/1': 401, '/closed/1': 401, '/other/1': 200 }
      const requests = {
        'GET /admin/items/:id 401': 1,
        'GET /admin/users/:id 401': 1,
        'GET /closed/:id 401': 1,
        'GET /other/:id 200': 1,
      }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a response from a middleware of the application is _middleware',
    async run(world) {
      const { Router } = world
      world.app.use((context, next) => (context.path.startsWith('/closed') ? refuse(context) : next()))
      world.app.use((context, next) => (context.path === '/broken' ? broken() : next()))
      world.use(new Router().get('/closed/:id', ok))
      await world.gives({ '/closed/1': 401, '/broken': 500 }, { 'GET _middleware 401': 1, 'GET _middleware 500': 1 })
      await world.hasErrors({ 'GET _middleware auth': 1, 'GET _middleware exception': 1 })
    },
  },
  {
    sentence: 'a 404 that a route sends or throws has the route',
    async run(world) {
      const { Router } = world
      const router = new Router()
        .get('/items/:id', (context: unknown) => (context as Context).throw(404))
        .get('/users/:id', (context: { status?: number }) => {
          context.status = 404
        })
      world.use(router)
      await world.gives({ '/items/1': 404, '/users/1': 404 }, { 'GET /items/:id 404': 1, 'GET /users/:id 404': 1 })
    },
  },
  {
    sentence: 'a path under a prefix that no route matches is _unmatched',
    async run(world) {
      const { Router } = world
      const router = new Router({ prefix: '/api' })
      router.use(pass)
      world.use(router.get('/items/:id', ok))
      await world.gives({ '/api/.env': 404, '/api/items': 404, '/wp-login.php': 404 }, { 'GET _unmatched 404': 3 })
    },
  },
  {
    sentence: 'a route keeps its template if an error handler writes its response',
    async run(world) {
      const { Router } = world
      world.app.use(async (context, next) => {
        await next().catch(() => {
          context.status = 503
        })
      })
      world.use(new Router({ prefix: '/api' }).get('/items/:id', broken))
      await world.gives({ '/api/items/1': 503 }, { 'GET /api/items/:id 503': 1 })
    },
  },
]

/** The labels of routes on Koa with each @koa/router. */
export const ON_KOA: Chapter<OnKoa> = {
  title: 'Routes on Koa',
  about:
    'A route is its path with the prefixes of its routers. Routers and middleware that koa-mount mounts have its ' +
    'prefix. Other middleware outside of a router responds as `_middleware`.',
  subjects: routesSubjects(
    Object.fromEntries(
      [...Object.entries(ROUTERS), [KOA_2, ROUTERS['Koa 3, @koa/router 13']!] as const].map(([name, Router]) => [
        name,
        (monitor, isPreloaded) => {
          const app = name === KOA_2 ? new Koa2() : new Koa()
          app.silent = true
          if (!isPreloaded) app.use(prometheus({ monitor }))
          const world = new OnKoa(app, monitor, served => serving('HTTP/1.1', served.callback()))
          world.Router = Router
          return world
        },
      ]),
    ),
  ),
  laws: [...PREFIXES, ...MOUNTED, ...MATCHING, ...BESIDE],
}
