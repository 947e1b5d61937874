const fastify = require('fastify')
const websocket = require('@fastify/websocket')
const closeWithGrace = require('close-with-grace')

const app = fastify()
app.register(websocket)
app.register(async sockets => {
  sockets.get('/socket', { websocket: true }, socket => socket.on('message', text => socket.send(`echo ${text}`)))
})
app.addHook('onClose', async () => console.log('onClose'))
app.get('/items/:id', async request => ({ id: request.params.id, route: request.routeOptions.url }))
app.get('/fail', async () => {
  throw new Error('thrown by the route')
})
app.get('/routes', async () => app.printRoutes())
closeWithGrace({ delay: 5000 }, async ({ signal }) => {
  console.log('closing on', signal)
  await app.close()
})
app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
