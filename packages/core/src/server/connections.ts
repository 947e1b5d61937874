import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Limits the number of connections to the metrics port. If there is one too many, the connection that has been idle
 * longest is closed: connections that were opened and abandoned cannot prevent a scrape. A connection is busy from the
 * moment when its request has been read until its response has closed; headers that arrive slowly do not make it busy.
 */
export class Connections {
  /** Idle connections, the one that has been idle longest first. */
  readonly #idle = new Set<Socket>()
  /** Busy connections, each with its number of open responses: HTTP/1.1 clients may pipeline requests. */
  readonly #busy = new Map<Socket, number>()
  readonly #most: number

  /** Watches `server`; `most` is the largest number of connections, from 1. */
  constructor(server: Server, most: number) {
    this.#most = most
    server.on('connection', (socket: Socket) => this.#opened(socket))
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#begins(request.socket, response),
    )
  }

  #opened(socket: Socket): void {
    this.#idle.add(socket)
    socket.once('close', () => {
      this.#idle.delete(socket)
      this.#busy.delete(socket)
    })
    if (this.#idle.size + this.#busy.size <= this.#most) return
    // If all others are busy, this is the new connection itself.
    for (const idlest of this.#idle) {
      this.#idle.delete(idlest)
      idlest.destroy()
      return
    }
  }

  #begins(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket)
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1)
    response.once('close', () => this.#ends(socket))
  }

  #ends(socket: Socket): void {
    const open = this.#busy.get(socket)
    // The connection has closed.
    if (open === undefined) return
    if (open > 1) this.#busy.set(socket, open - 1)
    else {
      this.#busy.delete(socket)
      this.#idle.add(socket)
    }
  }
}
