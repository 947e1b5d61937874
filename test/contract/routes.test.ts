import { keeps } from './law.ts'
import { ON_EXPRESS } from './routes/express.ts'
import { ON_FASTIFY } from './routes/fastify.ts'
import { ON_HONO } from './routes/hono.ts'
import { ON_KOA } from './routes/koa.ts'
import { ON_NEST } from './routes/nest.ts'
import { ON_NODE_HTTP } from './routes/node-http.ts'
import { ON_TRPC } from './routes/trpc.ts'
import { ON_WEBSOCKETS } from './routes/websockets.ts'

// One file, because each file has a process of its own, which imports core and most of these frameworks again.
keeps(ON_EXPRESS)
keeps(ON_FASTIFY)
keeps(ON_HONO)
keeps(ON_KOA)
keeps(ON_NEST)
keeps(ON_NODE_HTTP)
keeps(ON_TRPC)
keeps(ON_WEBSOCKETS)
