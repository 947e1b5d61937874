import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { HttpOptions, Monitor } from '@promherd/core'
import { watchFastify } from '../../../packages/core/dist/auto/hooks/fastify-channel.js'
import { Recording } from '../../../packages/core/dist/auto/recording.js'
import { HttpRecorder } from '../../../packages/core/dist/http/http-recorder.js'
import { internalsOf } from '../../../packages/core/dist/monitor/internals.js'

/**
 * The preload in the process of a test, so that each application has its own monitor and the test can read it.
 */

/** The name of a subject that the preload records. */
export function preloadedName(name: string): string {
  return `${name}, preloaded`
}

/** Records servers into `monitor`. */
export function recordingInto(monitor: Monitor, http: HttpOptions = {}): Recording {
  return new Recording(new HttpRecorder(internalsOf(monitor).store, http, () => {}))
}

/** Records servers that begin to listen into `monitor`, until `use` is done. `use` creates the applications. */
export async function preloading<T>(monitor: Monitor, http: HttpOptions, use: () => Promise<T>): Promise<T> {
  if (!isWatching) watch()
  isWatching = true
  const before = recording
  recording = recordingInto(monitor, http)
  try {
    return await use()
  } finally {
    recording = before
  }
}

let isWatching = false
let recording: Recording | undefined

function watch(): void {
  watchFastify()
  subscribe('tracing:net.server.listen:asyncStart', message => {
    const { server } = message as { server: Server }
    if ('closeIdleConnections' in server || 'updateSettings' in server) recording?.measure(server)
  })
}
