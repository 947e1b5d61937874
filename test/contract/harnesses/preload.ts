import type { AdapterOptions } from '@promherd/core/adapter'
import { monitorOf } from '../../../packages/core/dist/adapter/recorder-for.js'
import type { Harness } from '../world.ts'
import { EXPRESS } from './express.ts'
import { FASTIFY } from './fastify.ts'
import { HAPI } from './hapi.ts'
import { HONO } from './hono.ts'
import { KOA } from './koa.ts'
import { NEST } from './nest.ts'
import { NO_ROUTE, NODE_HTTP } from './node-http.ts'
import { preloading } from './preloading.ts'
import { RESTIFY } from './restify.ts'

/** Applications without an adapter: those of the other harnesses, and those on frameworks without one. */
export const PRELOAD: readonly Harness[] = [
  ...[...EXPRESS, ...FASTIFY, ...KOA, ...HONO].map(preloaded),
  ...NODE_HTTP.filter(({ name }) => name === NO_ROUTE).map(preloaded),
  ...[...NEST, ...HAPI, ...RESTIFY].map(preloaded),
]

function preloaded(harness: Harness): Harness {
  return {
    ...harness,
    start({ monitor, ...http }: AdapterOptions = {}, stage) {
      return preloading(monitorOf(monitor), http, () => harness.start.call(harness, undefined, stage))
    },
  }
}
