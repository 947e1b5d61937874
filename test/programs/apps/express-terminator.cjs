const express = require('express')
const { createHttpTerminator } = require('http-terminator')

const app = express()
app.get('/', (_request, response) => response.send('ok'))
const server = app.listen(Number(process.env.PORT), '127.0.0.1')
const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 1000 })
process.on('SIGTERM', async () => {
  console.log('SIGTERM', server.listening)
  await terminator.terminate()
  console.log('terminated')
  process.exitCode = 5
})
