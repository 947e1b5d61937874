import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { HttpOptions, Monitor } from '@promherd/core'
import { watchFastify } from '../../../packages/core/dist/auto/hooks/fastify-channel.js'
import { Recording } from '../../../packages/core/dist/auto/recording.js'
import { HttpRecorder } from '../../../packages/core/dist/http/http-recorder.js'
import { internalsOf } from '../../../packages/core/dist/monitor/internals.js'

/**
 * What the preload does, in the process of a test: so that each application has its own monitor and can be asked for it.
 */

/** What a subject is called that is measured by the preload. */
export function preloadedName(name: string): string {
  return `${name}, preloaded`
}

/** What records the servers that it is given into `monitor`. */
export function recordingInto(monitor: Monitor, http: HttpOptions = {}): Recording {
  return new Recording(new HttpRecorder(internalsOf(monitor).store, http, () => {}))
}

/** Has what begins to listen recorded into `monitor` until `use` is done, which makes the applications, too. */
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
