const { createServer } = require('node:http')

/** Listens for no signal. */
createServer((request, response) => response.end(request.url)).listen(Number(process.env.PORT), '127.0.0.1')
