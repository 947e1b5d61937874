import { subscribe } from 'node:diagnostics_channel'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { isEventStream } from '../../http/response/event-stream.ts'
import { Http2Sessions, isHttp2, unusedMs } from './http2-sessions.ts'
import { closeListeningSocket } from './listening-socket.ts'
import { LongLivedConnections, openSockets } from './long-lived-connections.ts'

/**
 * The servers of this process, found without changing any code: Node's diagnostics channels report which server listens
 * and which request begins.
 */
export class Servers {
  readonly #servers = new Set<Server>()
  /** The connections of HTTP servers, each with its current HTTP/1 exchange. */
  readonly #connections = new Map<Socket, Exchange | undefined>()
  readonly #sessions = new Http2Sessions()
  readonly #onRequest: () => void
  #draining = false

  /**
   * Starts watching: the callbacks are called for each server that starts to listen, and for each HTTP/1 request that
   * begins.
   */
  constructor({ onListening, onRequest }: { onListening: () => void; onRequest: () => void }) {
    this.#onRequest = onRequest
    subscribe('tracing:net.server.listen:asyncEnd', message => {
      this.#listening((message as { server: Server }).server)
      onListening()
    })
    subscribe('net.server.socket', message => this.#accepted((message as { socket: Socket }).socket))
    subscribe('http.server.request.start', message => this.#requestStarted(message as Exchange))
    subscribe('http.server.response.finish', message => this.#responseFinished(message as Exchange))
  }

  /** Stops new connections to servers that accept them from a socket of their own. The servers stay open. */
  closeListeningSockets(): void {
    for (const server of this.#servers) closeListeningSocket(server)
  }

  /**
   * Stops accepting, and resolves when all accepted requests are answered and their connections closed. A connection
   * that waits for its next request is kept for `graceMs`, or for the server's `keepAliveTimeout` if that is shorter:
   * its client may be sending a request at that moment, and would find it closed. A request that arrives on it is
   * answered, as its last one. Connections that no response ends are closed after all else is done; resolves to the
   * number of these connections.
   */
  async drain(graceMs: number): Promise<number> {
    this.#draining = true
    const servers = new Set(this.#servers)
    const startedAt = performance.now()
    const longLived = new LongLivedConnections()
    let open = servers.size
    for (const server of servers) stopAccepting(server, () => open--)
    this.#sessions.drain(graceMs)
    for (const exchange of this.#connections.values()) if (exchange !== undefined) disableKeepAlive(exchange.response)
    while (open > 0) {
      const waitedMs = performance.now() - startedAt
      for (const server of servers) if (isHttp(server)) closeIdle(server, waitedMs, graceMs)
      if (waitedMs > unusedMs(graceMs)) this.#closeUnused()
      if (this.#isAnswering()) longLived.restart()
      else longLived.close(this.#longLived(servers))
      await wait(CHECK_INTERVAL_MS)
    }
    return longLived.closed
  }

  /** The number of connections in use: all except HTTP connections that wait for a request. */
  get connectionsInUse(): number {
    let inUse = this.#sessions.inUse
    for (const exchange of this.#connections.values()) if (exchange !== undefined && !isStream(exchange)) inUse++
    for (const _ of this.#longLived(this.#servers)) inUse++
    return inUse
  }

  #listening(server: Server): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    if (!isHttp(server) && !isHttp2(server)) return
    // With TLS there are two sockets for a connection: the plain one, on which no HTTP is read, and the TLS socket on
    // top of it after the handshake.
    if (isTls(server)) {
      server.on('secureConnection', (socket: TLSSocket) => {
        if (socket.alpnProtocol !== 'h2') this.#track(socket)
      })
    }
    this.#sessions.watch(server)
  }

  #accepted(socket: Socket): void {
    const { server } = socket as { readonly server?: Server | null }
    if (server instanceof Server && this.#servers.has(server) && (isHttp(server) || isHttp2(server))) {
      this.#track(socket)
    }
  }

  #track(socket: Socket): void {
    this.#connections.set(socket, undefined)
    socket.once('close', () => this.#connections.delete(socket))
  }

  #requestStarted(exchange: Exchange): void {
    const { server, socket, response } = exchange
    if (!this.#connections.has(socket)) {
      // A server that started to listen before it was watched.
      this.#track(socket)
      this.#listening(server)
    }
    this.#connections.set(socket, exchange)
    if (this.#draining) disableKeepAlive(response)
    this.#onRequest()
  }

  #responseFinished({ socket, response }: Exchange): void {
    if (this.#connections.get(socket)?.response === response) this.#connections.set(socket, undefined)
  }

  /**
   * Node treats a connection that never sent a request as busy. A client that opened it for later must not delay the
   * drain.
   */
  #closeUnused(): void {
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.destroy()
  }

  /** True if an exchange that ends by itself is still open. */
  #isAnswering(): boolean {
    for (const exchange of this.#connections.values()) {
      if (exchange !== undefined && !isStream(exchange)) return true
    }
    return this.#sessions.areOpen
  }

  *#longLived(servers: ReadonlySet<Server>): Iterable<Socket> {
    for (const [socket, exchange] of this.#connections) {
      if (exchange === undefined ? isUpgraded(socket) : isStream(exchange)) yield socket
    }
    for (const socket of openSockets(servers)) {
      const { server } = socket as unknown as { readonly server: Server }
      if (!isHttp(server) && !isHttp2(server)) yield socket
    }
  }
}

interface Exchange {
  readonly server: Server
  readonly socket: Socket
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const CHECK_INTERVAL_MS = 50

/** Closes the port of a server. `close` of an HTTP server would also close idle connections at once. */
function stopAccepting(server: Server, done: () => void): void {
  if (isHttp(server) || isHttp2(server)) Server.prototype.close.call(server, done)
  else server.close(done)
}

function closeIdle(server: HttpServer, waitedMs: number, graceMs: number): void {
  // An HTTP/2 server that also serves HTTP/1 does not have this timeout on all versions.
  const keptMs = server.keepAliveTimeout > 0 ? Math.min(graceMs, server.keepAliveTimeout) : graceMs
  if (waitedMs >= keptMs) server.closeIdleConnections()
}

/** Makes Node send `Connection: close`, if the headers are not sent yet. */
function disableKeepAlive(response: ServerResponse): void {
  response.shouldKeepAlive = false
}

function isStream({ request, response }: Exchange): boolean {
  return response.headersSent && isEventStream(request, response)
}

/**
 * True if Node no longer reads HTTP from a connection. On the socket below TLS it never does, and HTTP/2 has its
 * sessions.
 */
function isUpgraded(socket: Socket): boolean {
  const { server, parser } = socket as { readonly server?: Server | null; readonly parser?: unknown }
  if (parser || socket.bytesRead === 0 || !(server instanceof Server)) return false
  return isTls(server) ? 'encrypted' in socket : !isHttp2(server)
}

function isTls(server: Server): boolean {
  return 'setSecureContext' in server
}

function isHttp(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server
}
