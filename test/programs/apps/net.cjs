const { createServer } = require('node:http')
const { createServer: createSocketServer } = require('node:net')

/** HTTP beside a protocol of its own, whose clients stay. */
const sockets = new Set()
const other = createSocketServer(socket => {
  sockets.add(socket)
  socket.write('hello\n')
}).listen(Number(process.env.OTHER_PORT), '127.0.0.1')
const server = createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => {
  console.log('SIGTERM', other.listening)
  for (const socket of sockets) socket.end('bye\n')
  other.close(() => server.close(() => console.log('closed both')))
})
