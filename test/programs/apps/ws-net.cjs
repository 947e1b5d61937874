const { createServer } = require('node:http')
const { createServer: createSocketServer } = require('node:net')
const { WebSocketServer } = require('ws')

/**
 * HTTP with WebSockets, whose messages it sends back and which it closes with 1001 on SIGTERM, beside a
 * protocol of its own, whose clients stay.
 */
const connections = new Set()
const other = createSocketServer(socket => {
  connections.add(socket)
  socket.write('hello\n')
}).listen(Number(process.env.OTHER_PORT), '127.0.0.1')
const server = createServer((_request, response) => response.end('http'))
const sockets = new WebSocketServer({ server })
sockets.on('connection', socket => socket.on('message', message => socket.send(`echo ${message}`)))
process.on('SIGTERM', () => {
  console.log('SIGTERM', sockets.clients.size, server.listening, server.address().address, other.listening)
  for (const socket of sockets.clients) socket.close(1001, 'going away')
  for (const socket of connections) socket.end('bye\n')
  other.close(() => server.close(error => console.log('closed both', error)))
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('exit', code => console.log('exit', code))
