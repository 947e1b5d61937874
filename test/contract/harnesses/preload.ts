import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { AdapterOptions } from '@promherd/core'
import { watchFastify } from '../../../packages/core/dist/auto/fastify-channel.js'
import { Recording } from '../../../packages/core/dist/auto/recording.js'
import { monitorOf } from '../../../packages/core/dist/http/adapter.js'
import { HttpRecorder } from '../../../packages/core/dist/http/recorder.js'
import type { Harness } from '../world.ts'
import { EXPRESS } from './express.ts'
import { FASTIFY } from './fastify.ts'
import { HONO } from './hono.ts'
import { KOA } from './koa.ts'
import { NO_ROUTE, NODE_HTTP } from './node-http.ts'

/**
 * The applications of the other harnesses without their adapters, measured as the preload does: by what begins to
 * listen while they start. In the process of the test, so that each has its own monitor and can be asked for it.
 */
export const PRELOAD: readonly Harness[] = [
  ...[...EXPRESS, ...FASTIFY, ...KOA, ...HONO].map(preloaded),
  ...NODE_HTTP.filter(({ name }) => name === NO_ROUTE).map(preloaded),
]

let recording: Recording | undefined

/** Has what begins to listen recorded: to be called once, before an application is made. */
export function preload(): void {
  watchFastify()
  subscribe('tracing:net.server.listen:asyncStart', message =>
    recording?.measure((message as { server: Server }).server),
  )
}

function preloaded(harness: Harness): Harness {
  return {
    ...harness,
    async start(options: AdapterOptions = {}, stage) {
      const { monitor, ...http } = options
      recording = new Recording(new HttpRecorder(monitorOf(monitor).store, http, true))
      try {
        return await harness.start.call(harness, undefined, stage)
      } finally {
        recording = undefined
      }
    },
  }
}
