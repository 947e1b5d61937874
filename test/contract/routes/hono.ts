import { getRequestListener } from '@hono/node-server'
import type { Monitor } from '@promherd/core'
import { prometheus } from '@promherd/hono'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { serving } from '../harnesses/serving.ts'
import type { Chapter, Law } from '../law.ts'
import type { Application } from '../world.ts'
import { Routes, routesSubject, routesSubjects } from './asking.ts'

type OnHono = Routes<Hono>

const refuse = async (): Promise<Response> => new Response('unauthorized', { status: 401 })

const GROUPED: readonly Law<OnHono>[] = [
  {
    sentence: '`app.route` and `app.basePath` add all of their prefixes, including parameters',
    async run(world) {
      const posts = new Hono().get('/:post', context => context.text('post'))
      const users = new Hono().basePath('/users/:id').route('/posts', posts)
      world.app.route('/api/:v', users)
      world.app.basePath('/base').get('/items/:id', context => context.text('item'))
      const requests = { 'GET /api/:v/users/:id/posts/:post 200': 2, 'GET /base/items/:id 200': 1 }
      await world.gives(
        { '/api/1/users/2/posts/3': 200, '/api/2/users/3/posts/4': 200, '/base/items/1': 200 },
        requests,
      )
    },
  },
  {
    sentence: 'a response from a mounted application has its mount path',
    async run(world) {
      const { app } = world
      app.mount('/legacy', request => new Response('ok', { status: request.url.endsWith('/none') ? 404 : 200 }))
      app.get('/items/:id', context => context.text('item'))
      const requests = { 'GET /legacy/* 200': 2, 'GET _unmatched 404': 1, 'GET /items/:id 200': 1 }
      await world.gives({ '/legacy/1': 200, '/legacy/a/b': 200, '/legacy/none': 404, '/items/1': 200 }, requests)
    },
  },
  {
    sentence: 'an application with its own error handler keeps its templates',
    async run(world) {
      const inner = new Hono()
      inner.onError((_error, context) => context.text('of my own', 503))
      inner.get('/broken/:id', () => {
        throw new Error('broken')
      })
      inner.get('/missing/:id', context => context.notFound())
      world.app.route('/inner', inner)
      await world.gives(
        { '/inner/broken/1': 503, '/inner/missing/1': 404 },
        { 'GET /inner/broken/:id 503': 1, 'GET /inner/missing/:id 404': 1 },
      )
    },
  },
]

const CATCH_ALL: readonly Law<OnHono>[] = [
  {
    sentence: 'beside a catch-all route, mounted applications, static files and middleware keep their own routes',
    async run(world) {
      const { app } = world
      app.use('/closed/*', refuse)
      app.use(async (context, next) => (context.req.path === '/teapot' ? context.text('no', 418) : next()))
      app.use('/static/*', async (context, next) => (context.req.path.endsWith('.js') ? context.text('js') : next()))
      app.mount('/legacy', () => new Response('ok'))
      app.get('/items/:id', context => context.text('item'))
      app.get('*', context => context.text('the one page'))
      const answers = { '/closed/1': 401, '/teapot': 418, '/static/a.js': 200, '/static/none': 200, '/legacy/1': 200 }
      const requests = {
        'GET /closed/* 401': 1,
        'GET _middleware 418': 1,
        'GET /static/* 200': 1,
        'GET /legacy/* 200': 1,
        'GET /items/:id 200': 1,
        'GET /* 200': 2,
      }
      await world.gives({ ...answers, '/items/1': 200, '/any/page': 200 }, requests)
    },
  },
  {
    sentence: 'the same holds beside the catch-all route of a group',
    async run(world) {
      const { app } = world
      const group = new Hono()
      group.use('/static/*', async context => context.text('file'))
      group.mount('/legacy', () => new Response('ok'))
      group.get('/items/:id', context => context.text('item'))
      group.get('/*', context => context.text('the page of the group'))
      app.route('/app/:tenant', group)
      app.all('*', async (context, next) => (context.req.path === '/none' ? next() : context.text('all')))
      const answers = { '/app/1/static/a': 200, '/app/1/items/1': 200, '/app/2/x': 200 }
      const requests = {
        'GET /app/:tenant/static/* 200': 1,
        'GET /app/:tenant/items/:id 200': 1,
        'GET /app/:tenant/* 200': 1,
        'GET _middleware 200': 1,
        'GET _unmatched 404': 1,
      }
      await world.gives({ ...answers, '/other': 200, '/none': 404 }, requests)
    },
  },
  {
    sentence: 'a catch-all route that passes a request on is not its route',
    async run(world) {
      const { app } = world
      app.get('*', async (context, next) => (context.req.path === '/file' ? context.text('file') : next()))
      app.mount('/legacy', () => new Response('ok'))
      app.use('/closed/*', refuse)
      app.get('/items/:id', context => context.text('item'))
      const requests = {
        'GET /* 200': 1,
        'GET /legacy/* 200': 1,
        'GET /closed/* 401': 1,
        'GET /items/:id 200': 1,
        'GET _unmatched 404': 1,
      }
      const answers = { '/file': 200, '/legacy/1': 200, '/closed/1': 401, '/items/1': 200, '/none': 404 }
      await world.gives(answers, requests)
    },
  },
]

const MATCHING: readonly Law<OnHono>[] = [
  {
    sentence: 'wildcards, regular expressions and optional parameters are labelled as they are written',
    async run(world) {
      const { app } = world
      app.get('/files/*', context => context.text('file'))
      app.get('/numbers/:n{[0-9]+}', context => context.text('number'))
      app.get('/pages/:page?', context => context.text('page'))
      const requests = {
        'GET /files/* 200': 2,
        'GET /numbers/:n{[0-9]+} 200': 1,
        'GET /pages/:page? 200': 2,
        'GET _unmatched 404': 1,
      }
      const answers = { '/files/a': 200, '/files/a/b': 200, '/numbers/1': 200, '/numbers/x': 404 }
      await world.gives({ ...answers, '/pages': 200, '/pages/1': 200 }, requests)
    },
  },
  {
    sentence: 'of several routes that match, the route is the one that responds',
    async run(world) {
      const { app } = world
      app.get('/items/:passed', async (_context, next) => next())
      app.get('/items/:id', context => context.text('item'))
      app.get('/*', context => context.text('the one page'))
      await world.gives({ '/items/1': 200, '/any/page': 200 }, { 'GET /items/:id 200': 1, 'GET /* 200': 1 })
    },
  },
  {
    sentence: 'a route for all methods, or for some, is a route',
    async run(world) {
      const { app } = world
      app.all('/any/:id', context => context.text('any'))
      app.on(['PUT', 'PURGE'], ['/some/:id', '/other/:id'], context => context.text('some'))
      const answers = { '/any/1': 200, 'DELETE /any/1': 200, 'PUT /some/1': 200, 'PURGE /other/1': 200, '/some/1': 404 }
      const requests = {
        'GET /any/:id 200': 1,
        'DELETE /any/:id 200': 1,
        'PUT /some/:id 200': 1,
        '_OTHER /other/:id 200': 1,
        'GET _unmatched 404': 1,
      }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a HEAD request that a GET route handles has that route',
    async run(world) {
      world.app.get('/items/:id', context => context.text('item'))
      await world.gives({ 'HEAD /items/1': 200 }, { 'HEAD /items/:id 200': 1 })
    },
  },
]

const BESIDE: readonly Law<OnHono>[] = [
  {
    sentence:
      'a response from a middleware has the matched route, else the mount path of the middleware, else _middleware',
    async run(world) {
      const { app } = world
      app.use('/admin/*', (_context, _next) => refuse())
      app.get('/admin/items/:id', context => context.text('item'))
      app.use((context, next) => (context.req.path === '/closed' ? refuse() : next()))
      const requests = { 'GET /admin/items/:id 401': 1, 'GET /admin/* 401': 1, 'GET _middleware 401': 1 }
      await world.gives({ '/admin/items/1': 401, '/admin/other': 401, '/closed': 401 }, requests)
    },
  },
  {
    sentence:
      'a request without a matching route is _unmatched, whichever middleware it passed and whichever one responds',
    async run(world) {
      const { app } = world
      app.notFound(context => context.text('nothing here', 404))
      app.use('/api/*', async (_context, next) => next())
      app.get('/api/:id', async (_context, next) => next())
      app.all('*', context => context.json({ error: 'nothing' }, 404))
      await world.gives(
        { '/.env': 404, '/api/wp-login.php': 404, 'POST /api/x/y': 404 },
        {
          'GET _unmatched 404': 2,
          'POST _unmatched 404': 1,
        },
      )
    },
  },
  {
    sentence: 'a 404 that a route sends or throws has the route',
    async run(world) {
      const { app } = world
      app.get('/items/:id', context => context.notFound())
      app.get('/users/:id', () => {
        throw new HTTPException(404)
      })
      await world.gives({ '/items/1': 404, '/users/1': 404 }, { 'GET /items/:id 404': 1, 'GET /users/:id 404': 1 })
    },
  },
  {
    sentence: 'an error that `onError` responds to is counted for its route',
    async run(world) {
      const { app } = world
      app.onError((error, context) => (error instanceof HTTPException ? error.getResponse() : context.text('no', 500)))
      app.get('/broken/:id', () => {
        throw new Error('broken')
      })
      app.get('/teapot/:id', () => {
        throw new HTTPException(418)
      })
      await world.gives({ '/broken/1': 500, '/teapot/1': 418 }, { 'GET /broken/:id 500': 1, 'GET /teapot/:id 418': 1 })
      await world.hasErrors({ 'GET /broken/:id exception': 1, 'GET /teapot/:id client_error': 1 })
    },
  },
]

/** Sends requests to an application without a connection, as on runtimes other than Node, through a simple server. */
async function elsewhere(app: Hono): Promise<Application> {
  return serving(
    'HTTP/1.1',
    getRequestListener(request => app.fetch(request)),
  )
}

/** The labels of routes on Hono. */
export const ON_HONO: Chapter<OnHono> = {
  title: 'Routes on Hono',
  about: 'A route is its path with the prefixes of its groups. The laws hold on Node, and without a Node server.',
  subjects: [
    routesSubject('Hono 4 elsewhere', monitor => new Routes(applicationOf(monitor), monitor, elsewhere)),
    ...routesSubjects({
      'Hono 4 on Node': (monitor, isPreloaded) =>
        new Routes(applicationOf(isPreloaded ? undefined : monitor), monitor, app =>
          serving('HTTP/1.1', getRequestListener(app.fetch)),
        ),
    }),
  ],
  laws: [...GROUPED, ...CATCH_ALL, ...MATCHING, ...BESIDE],
}

function applicationOf(monitor: Monitor | undefined): Hono {
  const app = new Hono()
  if (monitor !== undefined) app.use(prometheus({ monitor }))
  return app
}
