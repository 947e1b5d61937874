import { createServer } from 'node:http'
import { createApp, createRouter, defineEventHandler, getRouterParam, toNodeListener } from 'h3-1'

const router = createRouter()
  .get(
    '/items/:id',
    defineEventHandler(event => ({ id: getRouterParam(event, 'id'), keys: Object.keys(event) })),
  )
  .get(
    '/fail',
    defineEventHandler(() => {
      throw new Error('thrown by the handler')
    }),
  )
const server = createServer(toNodeListener(createApp().use(router)))
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => server.close(() => console.log('closed')))
