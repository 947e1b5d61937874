import type { RequestHandler } from 'express'
import type { Law } from '../law.ts'
import { broken, type OnExpress, ok } from './express-world.ts'

const refuse: RequestHandler = (_request, response) => void response.status(401).send('unauthorized')
const pass: RequestHandler = (_request, _response, next) => next()

/** Responses of functions that are not routes. */
export const MIDDLEWARE: readonly Law<OnExpress>[] = [
  {
    sentence: 'a response from a middleware at the root is _middleware',
    async run(world) {
      const { app } = world
      app.use(pass)
      app.use(refuse)
      app.get('/items/:id', ok)
      await world.gives({ '/items/1': 401, '/secret': 401 }, { 'GET _middleware 401': 2 })
      await world.hasErrors({ 'GET _middleware auth': 2 })
    },
  },
  {
    sentence: 'a response from a mounted middleware has its mount path, never the request path',
    async run(world) {
      const { app, express } = world
      app.use('/graph', ok)
      app.use('/users/:id', pass, express.Router().use('/files', pass, refuse))
      app.use('/tenants/:id', express.Router().use(refuse).get('/items', ok))
      const answers = {
        '/graph/1': 200,
        '/graph': 200,
        '/users/1/files/2': 401,
        '/users/2/files': 401,
        '/tenants/1/items': 401,
      }
      const requests = { 'GET /graph 200': 2, 'GET /users/:id/files 401': 2, 'GET /tenants/:id 401': 1 }
      await world.gives(answers, requests)
    },
  },
  {
    sentence: 'a response from a middleware of a mounted application has the whole template',
    async run(world) {
      const { app, express } = world
      app.use('/shop/:name', express().use('/admin', refuse))
      await world.gives({ '/shop/one/admin/1': 401, '/shop/two/admin': 401 }, { 'GET /shop/:name/admin 401': 2 })
    },
  },
  {
    sentence: 'an error that a middleware throws is counted for its mount path',
    async run(world) {
      const { app } = world
      app.use('/fragile/:id', broken)
      app.use(broken)
      await world.gives({ '/fragile/1': 500, '/other': 500 }, { 'GET /fragile/:id 500': 1, 'GET _middleware 500': 1 })
      await world.hasErrors({ 'GET /fragile/:id exception': 1, 'GET _middleware exception': 1 })
    },
  },
  {
    sentence: 'a 404, 405 or 501 from a middleware is _unmatched',
    async run(world) {
      const { app } = world
      app.use('/static', (_request, response) => void response.status(404).send('no such file'))
      app.use('/reading', (_request, response) => void response.status(405).send('read only'))
      const requests = { 'GET _unmatched 404': 2, 'POST _unmatched 405': 1 }
      await world.gives({ '/static/.env': 404, '/static/wp-login.php': 404, 'POST /reading/1': 405 }, requests)
    },
  },
  {
    sentence: 'a middleware of a router that is mounted twice has the mount path of the request',
    async run(world) {
      const { app, express } = world
      const router = express.Router().use(refuse)
      app.use('/one', router)
      app.use('/two', router)
      await world.gives({ '/one/1': 401, '/two/1': 401 }, { 'GET /one 401': 1, 'GET /two 401': 1 })
    },
  },
]
