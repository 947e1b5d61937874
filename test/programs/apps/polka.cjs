const polka = require('polka')

const app = polka()
  .use('/api', (request, response) => response.end(`${request.path} ${request.originalUrl}`))
  .get('/items/:id', (request, response) => response.end(JSON.stringify(request.params)))
  .listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => app.server.close(error => console.log('closed', error)))
