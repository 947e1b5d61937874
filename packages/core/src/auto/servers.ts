import { subscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { isMetricsServer } from '../server/metrics-mark.ts'
import { configuration } from './configuration.ts'
import type { Measuring } from './measuring.ts'
import type { Parts } from './parts.ts'

/**
 * Finds the HTTP servers of this process as they begin to listen, through Node's own diagnostics channels: no code is
 * changed. The rest of promherd is loaded with the first server, so that a process without one pays nothing.
 */
export function watchServers(loaded: Parts): void {
  parts = loaded
  subscribe('tracing:net.server.listen:asyncStart', message => {
    const { server, options } = message as Listening
    measuring?.makeRoom(server, options?.port)
    KNOWN.add(server)
    if (isApplication(server)) start()?.measure(server)
  })
  subscribe('tracing:net.server.listen:asyncEnd', message => {
    if (isApplication((message as Listening).server)) measuring?.serve()
  })
  // A server that is given its connections directly never listens.
  subscribe('http.server.request.start', message => {
    const { server } = message as Listening
    if (KNOWN.has(server)) return
    KNOWN.add(server)
    if (isApplication(server)) start()?.measure(server)
  })
}

const KNOWN = new WeakSet<object>()

interface Listening {
  readonly server: EventEmitter
  readonly options?: { readonly port?: unknown }
}

let parts: Parts | undefined
let measuring: Measuring | undefined
let hasFailed = false

/** Synchronous, since the first request must be seen: an asynchronous import would take too long. */
function start(): Measuring | undefined {
  if (measuring !== undefined || hasFailed || parts === undefined) return measuring
  try {
    measuring = parts.measuring().startMeasuring(configuration())
  } catch (error) {
    hasFailed = true
    process.stderr.write(`promherd: nothing is measured: ${error instanceof Error ? error.message : String(error)}\n`)
  }
  return measuring
}

/**
 * True for HTTP servers other than promherd's own. Recognised by their methods, so that `node:http2` is not loaded for
 * this.
 */
function isApplication(server: EventEmitter): boolean {
  return ('closeIdleConnections' in server || 'updateSettings' in server) && !isMetricsServer(server)
}
