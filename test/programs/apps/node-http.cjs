const { createServer } = require('node:http')

/** Keeps connections, streams events, and ends with a code of its own when it has said good-bye to the streams. */
const streams = new Set()
const server = createServer((request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
    streams.add(response)
    return response.on('close', () => streams.delete(response))
  }
  response.setHeader('x-keys', Object.keys(request).length > 0 ? 'some' : 'none')
  response.end(`${request.method} ${request.url} ${Object.keys(response).includes('promherd')}`)
})
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, (...args) => {
    console.log('signal', ...args, 'listening', server.listening, typeof server.address()?.port)
    for (const stream of streams) stream.end('data: bye\n\n')
    server.close(error => {
      console.log('closed', error)
      process.exit(3)
    })
    server.closeIdleConnections()
  })
}
process.on('exit', code => console.log('exit', code, process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')))
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'))
