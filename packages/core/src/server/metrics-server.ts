import { createServer, type Server } from 'node:http'
import type { SnapshotSource } from '../snapshot/snapshot.ts'
import { connectionShare } from '../store/descriptors.ts'
import { Connections } from './connections.ts'
import { HostCheck } from './host-check.ts'
import { type Address, Listener } from './listener.ts'
import { markMetricsServer } from './metrics-mark.ts'
import { Renderer } from './renderer.ts'
import { Routes } from './routes.ts'
import type { Warner } from './warner.ts'

/**
 * The metrics port: HTTP around a source of snapshots. It knows neither stores nor workers; whoever makes it says what
 * is to be done before a snapshot and whether all is ready. TLS is a matter of which server `#server` is.
 */
export class MetricsServer {
  readonly #server: Server
  readonly #listener: Listener

  constructor(options: MetricsServerOptions) {
    const renderer = new Renderer(options.source, options.beforeSnapshot)
    const readerDeadlineMs = options.readerDeadlineMs ?? READER_DEADLINE_MS
    const hosts = new HostCheck(options.host, options.allowedHosts)
    const routes = new Routes({ renderer, readiness: options.readiness, readerDeadlineMs, hosts })
    this.#server = createServer(TIMEOUTS, (request, response) => void routes.answer(request, response))
    new Connections(this.#server, connectionShare(MAX_CONNECTIONS))
    markMetricsServer(this.#server)
    if (options.isGuest === true) {
      this.#server.unref()
      this.#server.on('connection', socket => socket.unref())
    }
    this.#listener = new Listener(this.#server, options, options.warner)
  }

  /** Resolves when the port is bound; stays open while it is not. */
  get listening(): Promise<Address> {
    return this.#listener.bound
  }

  /** Where it listens; undefined while it does not. */
  get address(): Address | undefined {
    return this.#listener.address
  }

  /** True for the server that this one has. */
  owns(server: object): boolean {
    return server === this.#server
  }

  /** Stops listening, and lets answers that are on their way end, for a moment. */
  async close(): Promise<void> {
    this.#listener.stop()
    if (!this.#server.listening) return
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    const deadline = setTimeout(() => this.#server.closeAllConnections(), CLOSE_DEADLINE_MS)
    const tidy = setInterval(() => this.#server.closeIdleConnections(), TIDY_INTERVAL_MS)
    await closed
    clearTimeout(deadline)
    clearInterval(tidy)
  }
}

export interface MetricsServerOptions {
  readonly port: number
  readonly host: string
  /** Names besides those of loopback and `host` by which it may be asked. @default any, unless `host` is loopback */
  readonly allowedHosts?: readonly string[] | undefined
  readonly source: SnapshotSource
  /** Brings in what is to be in the next snapshot. Never rejects, and has a deadline of its own. */
  readonly beforeSnapshot: () => Promise<void>
  /** Why this is not ready, as a sentence; undefined where it is. */
  readonly readiness: () => string | undefined
  readonly warner: Warner
  /** How long a reader may take for one answer. @default 10_000 */
  readonly readerDeadlineMs?: number
  /** True where it keeps no process alive, nor does any who reads from it. @default false */
  readonly isGuest?: boolean
}

const READER_DEADLINE_MS = 10_000
const CLOSE_DEADLINE_MS = 1000
const TIDY_INTERVAL_MS = 50
const MAX_CONNECTIONS = 256

/**
 * Scrapers come back every minute or more often: a connection that waits longer for them saves a handshake. Node looks
 * for connections that have exceeded the other two every 30 s unless told otherwise.
 */
const TIMEOUTS = {
  keepAliveTimeout: 75_000,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
}
