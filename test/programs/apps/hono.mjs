import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { matchedRoutes } from 'hono/route'

const app = new Hono()
app.get('/items/:id', c => c.json({ id: c.req.param('id'), routes: matchedRoutes(c).map(({ path }) => path) }))
app.get('/fail', () => {
  throw new Error('thrown by the route')
})
app.onError((error, c) => c.text(error.message, 500))
const server = serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
process.on('SIGTERM', () => server.close(error => console.log('closed', error)))
