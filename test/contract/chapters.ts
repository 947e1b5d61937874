import { OPTIONS } from '../options/adapters.ts'
import { KNOWN_ROUTES } from '../options/known-routes.ts'
import { ALIKE } from './alike.ts'
import { BOUNDS } from './bounds.ts'
import { CONTRACT, ON_PRELOAD } from './contract.ts'
import { CONVERSATIONS } from './conversations.ts'
import { FASTIFY_TIMEOUTS } from './fastify-timeouts.ts'
import { pageOf } from './law.ts'
import { LOOKS } from './looks.ts'
import { LOOKS_OF_PROCESS } from './looks-process.ts'
import { OUTCOMES } from './outcomes.ts'
import { OUTCOMES_HTTP2 } from './outcomes-http2.ts'
import { RANDOM_EXCHANGES } from './property.ts'
import { ON_EXPRESS } from './routes/express.ts'
import { ON_FASTIFY } from './routes/fastify.ts'
import { ON_HONO } from './routes/hono.ts'
import { ON_KOA } from './routes/koa.ts'
import { ON_NEST } from './routes/nest.ts'
import { ON_NESTED } from './routes/nested.ts'
import { ON_NODE_HTTP } from './routes/node-http.ts'
import { ON_TRPC } from './routes/trpc.ts'
import { ON_UNADAPTED } from './routes/unadapted.ts'
import { ON_WEBSOCKETS } from './routes/websockets.ts'
import { SENT } from './sent.ts'
import { TAKEN_OVER } from './taken-over.ts'
import { UNROUTED } from './unrouted-requests.ts'
import { STREAMS_AND_UPGRADES } from './upgrades.ts'
import { UPLOADS } from './uploads.ts'

/** Every chapter of laws, as it stands in `docs/laws.md`. */
export const PAGES: readonly string[] = [
  pageOf(CONTRACT),
  pageOf(ON_PRELOAD),
  pageOf(ON_EXPRESS),
  pageOf(ON_FASTIFY),
  pageOf(ON_KOA),
  pageOf(ON_HONO),
  pageOf(ON_NEST),
  pageOf(ON_NESTED),
  pageOf(ON_NODE_HTTP),
  pageOf(ON_UNADAPTED),
  pageOf(ON_TRPC),
  pageOf(ON_WEBSOCKETS),
  pageOf(OUTCOMES),
  pageOf(OUTCOMES_HTTP2),
  pageOf(UPLOADS),
  pageOf(SENT),
  pageOf(UNROUTED),
  pageOf(STREAMS_AND_UPGRADES),
  pageOf(FASTIFY_TIMEOUTS),
  pageOf(CONVERSATIONS),
  pageOf(ALIKE),
  pageOf(LOOKS),
  pageOf(LOOKS_OF_PROCESS),
  pageOf(TAKEN_OVER),
  pageOf(BOUNDS),
  pageOf(RANDOM_EXCHANGES),
  pageOf(OPTIONS),
  pageOf(KNOWN_ROUTES),
]
