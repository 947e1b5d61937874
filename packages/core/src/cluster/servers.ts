import { subscribe } from 'node:diagnostics_channel'
import type { Server as HttpServer, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * The servers of this process, found without touching anybody's code: Node says on its diagnostics channels which
 * server listens and which request begins.
 */
export class Servers {
  readonly #servers = new Set<Server>()
  /** The connections of HTTP servers, each with the response it is waiting for. */
  readonly #connections = new Map<Socket, ServerResponse | undefined>()
  #draining = false

  /** Watches from now on; `onListening` is called for each server that begins to listen. */
  constructor(onListening: () => void) {
    subscribe('tracing:net.server.listen:asyncEnd', message => {
      this.#listens((message as { server: Server }).server)
      onListening()
    })
    subscribe('http.server.request.start', message => this.#begins(message as Exchange))
    subscribe('http.server.response.finish', message => this.#ends(message as Exchange))
  }

  /** Accepts nothing more, and resolves when all that was accepted is answered and gone. */
  async drain(): Promise<void> {
    this.#draining = true
    const startedAt = performance.now()
    let open = this.#servers.size
    for (const server of this.#servers) server.close(() => open--)
    for (const response of this.#connections.values()) if (response !== undefined) announceTheEnd(response)
    while (open > 0) {
      for (const server of this.#servers) if (isHttp(server)) server.closeIdleConnections()
      if (performance.now() - startedAt > UNUSED_GRACE_MS) this.#closeUnused()
      await wait(TIDY_INTERVAL_MS)
    }
  }

  #listens(server: Server): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    if (isHttp(server)) server.on('connection', (socket: Socket) => this.#connects(socket))
  }

  #connects(socket: Socket): void {
    this.#connections.set(socket, undefined)
    socket.once('close', () => this.#connections.delete(socket))
  }

  #begins({ server, socket, response }: Exchange): void {
    if (!this.#connections.has(socket)) {
      // A connection over TLS, or a server that began to listen before anybody watched.
      this.#connects(socket)
      this.#listens(server)
    }
    this.#connections.set(socket, response)
    if (this.#draining) announceTheEnd(response)
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
const UNUSED_GRACE_MS = 1000

/** Makes Node send `Connection: close`, where the headers are not sent yet. */
function announceTheEnd(response: ServerResponse): void {
  response.shouldKeepAlive = false
}

function isHttp(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server
}
