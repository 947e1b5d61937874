import { subscribe } from 'node:diagnostics_channel'
import type { Server as HttpServer, ServerResponse } from 'node:http'
import { Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { isHttp2, Sessions, unusedMs } from './sessions.ts'

/**
 * The servers of this process, found without touching anybody's code: Node says on its diagnostics channels which
 * server listens and which request begins.
 */
export class Servers {
  readonly #servers = new Set<Server>()
  /** The connections of HTTP servers, each with the response of HTTP/1 it is waiting for. */
  readonly #connections = new Map<Socket, ServerResponse | undefined>()
  readonly #sessions = new Sessions()
  readonly #onRequest: () => void
  #draining = false

  /** Watches from now on: hears of each server that begins to listen, and of each request of HTTP/1 that begins. */
  constructor({ onListening, onRequest }: { onListening: () => void; onRequest: () => void }) {
    this.#onRequest = onRequest
    subscribe('tracing:net.server.listen:asyncEnd', message => {
      this.#listens((message as { server: Server }).server)
      onListening()
    })
    subscribe('http.server.request.start', message => this.#begins(message as Exchange))
    subscribe('http.server.response.finish', message => this.#ends(message as Exchange))
  }

  /**
   * Accepts nothing more, and resolves when all that was accepted is answered and gone. A connection that waits for
   * its next request is kept for `graceMs`, or for the server's `keepAliveTimeout` where that is shorter: its client
   * may be sending just now, and would find it closed. A request that comes on it is answered, as its last.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true
    const startedAt = performance.now()
    let open = this.#servers.size
    for (const server of this.#servers) stopAccepting(server, () => open--)
    this.#sessions.drain(graceMs)
    for (const response of this.#connections.values()) if (response !== undefined) announceTheEnd(response)
    while (open > 0) {
      const waitedMs = performance.now() - startedAt
      for (const server of this.#servers) if (isHttp(server)) closeIdle(server, waitedMs, graceMs)
      if (waitedMs > unusedMs(graceMs)) this.#closeUnused()
      await wait(TIDY_INTERVAL_MS)
    }
  }

  #listens(server: Server): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    if (!isHttp(server) && !isHttp2(server)) return
    // With TLS there are two of them: one that nobody has ever spoken to, and what stands on it after the handshake.
    server.on('connection', (socket: Socket) => this.#connects(socket))
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol !== 'h2') this.#connects(socket)
    })
    this.#sessions.watch(server)
  }

  #connects(socket: Socket): void {
    this.#connections.set(socket, undefined)
    socket.once('close', () => this.#connections.delete(socket))
  }

  #begins({ server, socket, response }: Exchange): void {
    if (!this.#connections.has(socket)) {
      // A server that began to listen before anybody watched.
      this.#connects(socket)
      this.#listens(server)
    }
    this.#connections.set(socket, response)
    if (this.#draining) announceTheEnd(response)
    this.#onRequest()
  }

  #ends({ socket, response }: Exchange): void {
    if (this.#connections.get(socket) === response) this.#connections.set(socket, undefined)
  }

  /** Node counts a connection that never asked anything as busy; whoever opened it for later must not hold us up. */
  #closeUnused(): void {
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.destroy()
  }
}

interface Exchange {
  readonly server: Server
  readonly socket: Socket
  readonly response: ServerResponse
}

const TIDY_INTERVAL_MS = 50

/** The close of an HTTP server would close idle connections at once: here only its port is closed. */
function stopAccepting(server: Server, done: () => void): void {
  if (isHttp(server) || isHttp2(server)) Server.prototype.close.call(server, done)
  else server.close(done)
}

function closeIdle(server: HttpServer, waitedMs: number, graceMs: number): void {
  // A server of HTTP/2 that speaks HTTP/1 as well has no such timeout everywhere.
  const keptMs = server.keepAliveTimeout > 0 ? Math.min(graceMs, server.keepAliveTimeout) : graceMs
  if (waitedMs >= keptMs) server.closeIdleConnections()
}

/** Makes Node send `Connection: close`, where the headers are not sent yet. */
function announceTheEnd(response: ServerResponse): void {
  response.shouldKeepAlive = false
}

function isHttp(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server
}
