const { createServer } = require('node:http')
const { WebSocketServer } = require('ws')

/** Sends each message back, and closes with 1001 when it is told to end. */
const server = createServer((_request, response) => response.end('http'))
const sockets = new WebSocketServer({ server })
sockets.on('connection', socket => socket.on('message', message => socket.send(`echo ${message}`)))
process.on('SIGTERM', () => {
  console.log('SIGTERM', sockets.clients.size, server.listening, server.address().address)
  for (const socket of sockets.clients) socket.close(1001, 'going away')
  server.close(error => console.log('closed', error))
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('exit', code => console.log('exit', code))
