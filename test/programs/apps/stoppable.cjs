const { createServer } = require('node:http')
const { promisify } = require('node:util')
const stoppable = require('stoppable')

const server = stoppable(
  createServer((_request, response) => response.end('ok')),
  1000,
)
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', async () => {
  console.log('SIGTERM', server.listening)
  await promisify(server.stop.bind(server))()
  console.log('database closed')
  process.exit(0)
})
