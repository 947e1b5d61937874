const { createServer } = require('node:http')

const server = createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1')
process.once('SIGINT', () => {
  console.log('interrupted', server.listening)
  server.close(() => process.exit(7))
  server.closeAllConnections()
})
