const { createServer } = require('node:http')

/** An error that nothing catches, thrown in a handler: what is printed of it is the program's own. */
createServer(function handler(_request, response) {
  response.end('last')
  throw new Error('uncaught in the handler')
}).listen(Number(process.env.PORT), '127.0.0.1')
