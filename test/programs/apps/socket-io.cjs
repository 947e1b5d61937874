const { createServer } = require('node:http')
const { Server } = require('socket.io')

/** Attaches after the server listens, as many do, and takes the listeners of the server over. */
const server = createServer((_request, response) => response.end('http'))
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  const io = new Server(server)
  io.on('connection', socket => {
    socket.on('echo', (text, answer) => answer(`echo ${text}`))
    socket.on('disconnect', reason => console.log('disconnect', reason))
  })
  process.on('SIGTERM', () => {
    console.log('SIGTERM', io.engine.clientsCount, server.listening)
    io.close(error => console.log('closed', error))
  })
  console.log('attached')
})
