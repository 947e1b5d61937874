import { server as hapi } from '@hapi/hapi'
import { metricsHandler, prometheus } from './adapter.js'

const port = Number(process.env.PORT ?? 3000)
const server = hapi({ host: '127.0.0.1', port })

await server.register({ plugin: prometheus, options: {} })

server.route([
  { method: 'GET', path: '/', handler: () => ({ hello: 'herd', pid: process.pid }) },
  { method: 'GET', path: '/items/{id}', handler: request => ({ id: request.params.id }) },
  {
    method: 'GET',
    path: '/error',
    handler: () => {
      throw new Error('this route always fails')
    },
  },
  { method: 'GET', path: '/metrics', handler: metricsHandler() },
])

await server.start()
console.log(`listening on ${server.info.uri}/`)
