const { server: createServer } = require('@hapi/hapi')

const server = createServer({ port: Number(process.env.PORT), host: '127.0.0.1', debug: false })
server.route({ method: 'GET', path: '/items/{id}', handler: request => ({ id: request.params.id }) })
server.route({
  method: 'GET',
  path: '/fail',
  handler: () => {
    throw new Error('thrown by the handler')
  },
})
server.ext('onPostStop', () => console.log('onPostStop'))
process.on('SIGTERM', async () => {
  await server.stop({ timeout: 1000 })
  process.exit(4)
})
server.start()
