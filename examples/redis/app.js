import { createServer } from 'node:http'
import { instrumentServer } from '@promherd/core'

// A worker of a host.
const server = createServer((_, response) => {
  response.end(`host ${process.env.INSTANCE}, worker ${process.env.PROMHERD_WORKER}\n`)
})

instrumentServer(server)
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
