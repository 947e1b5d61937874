import type { Harness } from '../world.ts'
import { EXPRESS } from './express.ts'
import { FASTIFY } from './fastify.ts'
import { HONO } from './hono.ts'
import { KOA } from './koa.ts'
import { NODE_HTTP } from './node-http.ts'

export { NO_ROUTER } from './koa.ts'
export { NO_ROUTE } from './node-http.ts'

/** Every adapter on every version and protocol that it serves. */
export const HARNESSES: readonly Harness[] = [...EXPRESS, ...FASTIFY, ...KOA, ...HONO, ...NODE_HTTP]
