import { createServer, type Server } from 'node:http'
import type { Warner } from '../base/warner.ts'
import { connectionShare } from '../files/descriptors.ts'
import type { SnapshotSource } from '../snapshot/snapshot.ts'
import { Connections } from './connections.ts'
import { HostCheck } from './host-check.ts'
import { type Address, Listener } from './listener.ts'
import { markMetricsServer } from './metrics-mark.ts'
import { Renderer } from './renderer.ts'
import { Routes } from './routes.ts'

/**
 * The metrics port: an HTTP server for a source of snapshots. It does not depend on stores or workers; its options
 * define the work before each snapshot and the readiness check. For TLS, only `#server` would have to change.
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

  /** Resolves when the port is bound; pending until then. */
  get listening(): Promise<Address> {
    return this.#listener.bound
  }

  /** The address; undefined while it is not listening. */
  get address(): Address | undefined {
    return this.#listener.address
  }

  /** True for its own HTTP server. */
  owns(server: object): boolean {
    return server === this.#server
  }

  /** Stops listening, and gives responses in progress a moment to finish. */
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
  /** Names accepted in `Host` besides loopback names and `host`. @default any, unless `host` is loopback */
  readonly allowedHosts?: readonly string[] | undefined
  readonly source: SnapshotSource
  /** Updates what will be in the next snapshot. Never rejects, and has a deadline of its own. */
  readonly beforeSnapshot: () => Promise<void>
  /** The reason why this is not ready, as a sentence; undefined if it is ready. */
  readonly readiness: () => string | undefined
  readonly warner: Warner
  /** The maximum time for a reader to receive one response. @default 10_000 */
  readonly readerDeadlineMs?: number
  /** True if neither the server nor its connections keep the process alive. @default false */
  readonly isGuest?: boolean
}

const READER_DEADLINE_MS = 10_000
const CLOSE_DEADLINE_MS = 1000
const TIDY_INTERVAL_MS = 50
const MAX_CONNECTIONS = 256

/**
 * Scrapers come back at least every minute, so a long keep-alive saves handshakes. For the other two timeouts, Node
 * checks connections only every 30 s by default.
 */
const TIMEOUTS = {
  keepAliveTimeout: 75_000,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
}
