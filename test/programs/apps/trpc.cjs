const { initTRPC } = require('@trpc/server')
const { createHTTPServer } = require('@trpc/server/adapters/standalone')

const t = initTRPC.create()
const router = t.router({ item: t.procedure.query(() => ({ item: true })) })
const server = createHTTPServer({ router })
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => server.close(() => console.log('closed')))
