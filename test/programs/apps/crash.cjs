const { createServer } = require('node:http')

/** Fails as it starts, once it has opened a port of its own. */
const server = createServer().listen(Number(process.env.PORT), '127.0.0.1', () => {
  server.close()
  throw new Error('no database')
})
