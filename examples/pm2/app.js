import { prometheus } from '@promherd/express'
import express from 'express'

const app = express()

// The one line. The environment names the directory of the metrics: see ecosystem.config.cjs.
app.use(prometheus())

app.get('/', (_req, res) => {
  res.json({ hello: 'herd', pid: process.pid })
})

app.get('/items/:id', (req, res) => {
  res.json({ id: req.params.id })
})

const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`))

// PM2 stops a process with SIGINT: accepted requests are served first.
process.on('SIGINT', () => server.close(() => process.exit(0)))
