import type { RequestHandler } from 'express'
import type { Law } from '../law.ts'
import { broken, type OnExpress, ok } from './express-world.ts'

/** Routers in routers, and applications in applications. */
export const MOUNTED: readonly Law<OnExpress>[] = [
  {
    sentence: 'the root route of a router is the mount path of the router',
    async run(world) {
      const { app, express } = world
      app.use('/api', express.Router().get('/', ok))
      app.get('/', ok)
      await world.gives({ '/api': 200, '/api/': 200, '/': 200 }, { 'GET /api 200': 2, 'GET / 200': 1 })
    },
  },
  {
    sentence: 'a router that is mounted twice has two templates',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', ok)
      app.use('/one', router)
      app.use('/two/:tenant', router)
      const requests = { 'GET /one/items/:id 200': 1, 'GET /two/:tenant/items/:id 200': 2 }
      await world.gives({ '/one/items/1': 200, '/two/a/items/1': 200, '/two/b/items/1': 200 }, requests)
    },
  },
  {
    sentence: 'a route of an application that is mounted in another one has the whole template',
    async run(world) {
      const { app, express } = world
      const inner = express()
      inner.use('/v1', express.Router().get('/items/:id', ok).get('/broken', broken))
      app.use('/shop/:name', inner)
      const requests = { 'GET /shop/:name/v1/items/:id 200': 1, 'GET /shop/:name/v1/broken 500': 1 }
      await world.gives({ '/shop/one/v1/items/1': 200, '/shop/two/v1/broken': 500 }, requests)
    },
  },
  {
    sentence: 'a router that a function calls has the mount path of the function',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', ok)
      app.use('/hidden/:tenant', (request, response, next) => router(request, response, next))
      app.use('/other', (request, response, next) => router(request, response, next))
      const inner = express().use('/v1', router)
      app.use('/inner/:x', (request, response) => void inner(request, response))
      const requests = {
        'GET /hidden/:tenant/items/:id 200': 2,
        'GET /other/items/:id 200': 1,
        'GET /inner/:x/v1/items/:id 200': 1,
      }
      const answers = { '/hidden/1/items/1': 200, '/hidden/2/items/1': 200, '/other/items/1': 200 }
      await world.gives({ ...answers, '/inner/1/v1/items/1': 200 }, requests)
    },
  },
  {
    sentence: 'if a function removes a part of the path and calls a router, that part is unknown: /*',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', ok)
      app.get('/items/:id', ok)
      app.use('/api', (request, response, next) => {
        request.url = request.url.replace(/^\/\w+/, '')
        router(request, response, next)
      })
      const answers = { '/items/1': 200, '/api/one/items/1': 200, '/api/two/items/2': 200 }
      await world.gives(answers, { 'GET /items/:id 200': 1, 'GET /api/*/items/:id 200': 2 })
    },
  },
  {
    sentence: 'a router that restores the removed part of the path has its prefix once',
    async run(world) {
      const { app, express } = world
      const restore: RequestHandler = (request, _response, next) => {
        request.url = request.originalUrl
        next()
      }
      const router = express.Router().use(restore).get('/-/x/items/:id', ok)
      router.use('/-/x/deep/:name', express.Router().get('/:id', ok))
      app.use('/-/x', router)
      const all = express.Router().use(restore).get('/-/:kind/all', ok)
      app.use('/-/:kind', (request, response, next) => all(request, response, next))
      const answers = { '/-/x/items/1': 200, '/-/x/items/2?q=1': 200, '/-/x/deep/a/1': 200, '/-/y/all': 200 }
      const requests = {
        'GET /-/x/items/:id 200': 2,
        'GET /-/x/deep/:name/:id 200': 1,
        'GET /-/:kind/all 200': 1,
      }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a path that is rewritten in a router keeps the prefix of the router',
    async run(world) {
      const { app, express } = world
      const router = express.Router()
      router.use((request, _response, next) => {
        request.url = request.url.replace('/old', '/new')
        next()
      })
      app.use('/api/:v', router.get('/new/:id', ok))
      await world.gives({ '/api/1/old/1': 200, '/api/2/new/2': 200 }, { 'GET /api/:v/new/:id 200': 2 })
    },
  },
  {
    sentence: 'lists of paths and regular expressions are labelled as they are written',
    async run(world) {
      const { app, express } = world
      app.get(['/one', '/two'], ok)
      app.get(/^\/number-\d+$/, ok)
      app.use(['/left', '/right'], express.Router().get('/items/:id', ok))
      const requests = {
        'GET /one|/two 200': 2,
        'GET /^\\/number-\\d+$/ 200': 2,
        'GET /left|/right/items/:id 200': 1,
      }
      await world.gives(
        { '/one': 200, '/two': 200, '/number-1': 200, '/number-2': 200, '/right/items/1': 200 },
        requests,
      )
    },
  },
  {
    sentence: 'a router that is mounted at a regular expression, or at a list with one, is labelled as it is written',
    async run(world) {
      const { app, express } = world
      const items = express.Router().get('/items/:id', ok)
      app.use(/^\/v\d+/, items)
      app.use([/^\/a(\d)(?=\/)/, '/b/:tenant', '/c'], items)
      app.use(
        '/deep',
        express
          .Router()
          .use(/\/x\d/, items)
          .use('/y', express.Router().get([/^\/z/, '/w'], ok)),
      )
      const requests = {
        'GET /^\\/v\\d+//items/:id 200': 2,
        'GET /^\\/a(\\d)(?=\\/)/|/b/:tenant|/c/items/:id 200': 3,
        'GET /deep/\\/x\\d//items/:id 200': 1,
        'GET /deep/y/^\\/z/|/w 200': 1,
      }
      const answers = { '/v1/items/1': 200, '/v2/items/1': 200, '/a1/items/1': 200, '/b/1/items/1': 200 }
      await world.gives({ ...answers, '/c/items/1': 200, '/deep/x1/items/1': 200, '/deep/y/z1': 200 }, requests)
    },
  },
  {
    sentence: 'a router with `mergeParams` has the whole template',
    async run(world) {
      const { app, express } = world
      const posts = express.Router({ mergeParams: true }).get('/posts/:post', (request, response) => {
        response.send(request.baseUrl)
      })
      app.use('/users/:id', posts)
      await world.gives({ '/users/4/posts/2': 200, '/users/5/posts/2': 200 }, { 'GET /users/:id/posts/:post 200': 2 })
    },
  },
  {
    sentence: 'two parameters with the same value keep their own names',
    async run(world) {
      const { app, express } = world
      app.use('/:tenant', express.Router().use('/x/:user', express.Router().get('/:item', ok)))
      await world.gives({ '/x/x/x/x': 200, '/1/x/1/1': 200 }, { 'GET /:tenant/x/:user/:item 200': 2 })
    },
  },
  {
    sentence: 'a route that `app.route` creates has one template for all of its methods',
    async run(world) {
      world.app.route('/items/:id').get(ok).put(ok).delete(ok)
      const requests = { 'GET /items/:id 200': 1, 'PUT /items/:id 200': 1, 'DELETE /items/:id 200': 1 }
      await world.gives({ '/items/1': 200, 'PUT /items/1': 200, 'DELETE /items/1': 200 }, requests)
    },
  },
]
