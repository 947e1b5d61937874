const { createServer } = require('node:http')
const express = require('express')
const { createTerminus } = require('@godaddy/terminus')

const app = express()
app.get('/items/:id', (request, response) => response.json({ id: request.params.id }))
app.get('/fail', () => {
  throw new Error('thrown by the route')
})
const layers = []
for (const layer of app.router.stack) layers.push(layer.name)
app.get('/layers', (_request, response) => response.json(layers))

const server = createServer(app)
createTerminus(server, {
  signals: ['SIGTERM'],
  timeout: 5000,
  healthChecks: { '/health': async () => ({ state: 'good' }) },
  logger: (...args) => console.log('terminus', ...args),
  beforeShutdown: async () => console.log('beforeShutdown', server.listening),
  onSignal: async () => console.log('onSignal', server.listening),
  onShutdown: async () => console.log('onShutdown'),
})
server.listen(Number(process.env.PORT), '127.0.0.1')
