const { createServer } = require('node:http')
const express = require('express')
const { createHttpTerminator } = require('http-terminator')
const stoppable = require('stoppable')

/** Express with http-terminator, and beside it node:http with stoppable. */
const app = express()
app.get('/', (_request, response) => response.send('ok'))
const server = app.listen(Number(process.env.PORT), '127.0.0.1')
const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 1000 })

const other = stoppable(
  createServer((_request, response) => response.end('ok')),
  1000,
)
other.listen(Number(process.env.OTHER_PORT), '127.0.0.1')

process.on('SIGTERM', async () => {
  console.log('SIGTERM', server.listening, other.listening)
  await terminator.terminate()
  console.log('terminated')
  other.stop((error, isGraceful) => {
    console.log('stopped', error, isGraceful)
    process.exitCode = 5
  })
})
