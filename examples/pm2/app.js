import { prometheus } from '@promherd/express'
import express from 'express'

const app = express()

// The one line. Where the numbers go, the environment says: see ecosystem.config.cjs.
app.use(prometheus())

app.get('/', (_req, res) => {
  res.json({ hello: 'herd', pid: process.pid })
})

app.get('/items/:id', (req, res) => {
  res.json({ id: req.params.id })
})

const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`))

// PM2 ends a process with SIGINT: what was accepted is answered first.
process.on('SIGINT', () => server.close(() => process.exit(0)))
