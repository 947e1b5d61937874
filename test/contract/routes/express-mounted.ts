import type { Law } from '../law.ts'
import { broken, type OnExpress, ok } from './express-world.ts'

/** Routers in routers, and applications in applications. */
export const MOUNTED: readonly Law<OnExpress>[] = [
  {
    sentence: 'the root of a router is the path that it is mounted at',
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
    sentence: 'an application that is mounted in another has the whole template',
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
    sentence: 'a router that is called by a function has no known prefix, and never the path',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', ok)
      app.use('/hidden/:tenant', (request, response, next) => router(request, response, next))
      await world.gives({ '/hidden/1/items/1': 200, '/hidden/2/items/1': 200 }, { 'GET /*/items/:id 200': 2 })
    },
  },
  {
    sentence: 'lists of paths and expressions are labelled as they are written',
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
    sentence: 'a router that merges parameters has the template of all of them',
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
    sentence: 'parameters of the same value are told from each other',
    async run(world) {
      const { app, express } = world
      app.use('/:tenant', express.Router().use('/x/:user', express.Router().get('/:item', ok)))
      await world.gives({ '/x/x/x/x': 200, '/1/x/1/1': 200 }, { 'GET /:tenant/x/:user/:item 200': 2 })
    },
  },
  {
    sentence: 'a route that is built by app.route is one template for all of its methods',
    async run(world) {
      world.app.route('/items/:id').get(ok).put(ok).delete(ok)
      const requests = { 'GET /items/:id 200': 1, 'PUT /items/:id 200': 1, 'DELETE /items/:id 200': 1 }
      await world.gives({ '/items/1': 200, 'PUT /items/1': 200, 'DELETE /items/1': 200 }, requests)
    },
  },
]
