import type { Harness } from '../world.ts'
import { EXPRESS } from './express.ts'
import { FASTIFY } from './fastify.ts'
import { HAPI_ADAPTER } from './hapi-adapter.ts'
import { HONO } from './hono.ts'
import { KOA } from './koa.ts'
import { NODE_HTTP } from './node-http.ts'

export { NO_ROUTER } from './koa.ts'
export { NO_ROUTE } from './node-http.ts'

/** Every adapter on every version and protocol that it serves. */
export const HARNESSES: readonly Harness[] = [...EXPRESS, ...FASTIFY, ...KOA, ...HONO, ...HAPI_ADAPTER, ...NODE_HTTP]
