const express = require('express')
const multer = require('multer')

const app = express()
app.post('/upload', multer().single('file'), (request, response) => {
  response.json({ name: request.file?.originalname, size: request.file?.size })
})
// Express takes a function with four parameters for a handler of errors.
app.use((error, _request, response, _next) => {
  console.log('error', error.code ?? error.message)
  response.status(400).json({ error: error.message })
})
const server = app.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => server.close(() => console.log('closed')))
