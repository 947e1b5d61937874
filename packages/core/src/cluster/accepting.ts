import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'

/**
 * The ports that Node's primary accepts connections on for its workers, found on Node's diagnostics channels.
 *
 * Node closes a port when the last worker that serves it is gone. Where that worker crashed, the port is kept for the
 * next one: what connects meanwhile waits for it, instead of being refused. The next server of the primary with the same
 * options takes the socket over as it is.
 */
export class Accepting {
  readonly #sockets = new Map<Socket, string>()
  readonly #kept = new Map<Socket, Kept>()
  readonly #wanted = new WeakMap<Server, string>()
  /** Whether a worker is just found to be gone without having been asked to go. */
  #isCrash = false
  #isOver = false

  constructor() {
    subscribe('tracing:net.server.listen:asyncStart', message => {
      const { server, options } = message as { server: Server; options: object }
      if (!this.#isOver) this.#begins(server, options)
    })
    subscribe('tracing:net.server.listen:asyncEnd', message => this.#listens((message as { server: Server }).server))
  }

  /** Calls `remove`, in which Node forgets a worker that crashed. */
  crashed(remove: () => void): void {
    this.#isCrash = true
    remove()
    this.#isCrash = false
  }

  /** Closes all ports for good. */
  stop(): void {
    this.#isOver = true
    for (const socket of this.#kept.keys()) this.#giveUp(socket)
    for (const socket of this.#sockets.keys()) socket.close()
  }

  #begins(server: Server, options: object): void {
    const where = JSON.stringify(options)
    this.#wanted.set(server, where)
    for (const [socket, kept] of this.#kept) {
      if (kept.where !== where) continue
      this.#kept.delete(socket)
      clearTimeout(kept.timer)
      // Node listens on a socket that is there already, as it does on one that was sent to it.
      socketHolder(server)._handle = socket
      server.once('listening', () => {
        queueMicrotask(() => {
          for (const connection of kept.waiting) socket.onconnection?.(0, connection)
        })
      })
      return
    }
  }

  #listens(server: Server): void {
    const socket = socketHolder(server)._handle
    const where = this.#wanted.get(server)
    if (socket === null || where === undefined) return
    server.once('listening', () => {
      // A server whose connections go to workers has lost its socket by then to what hands them out.
      queueMicrotask(() => {
        if (socketHolder(server)._handle === null) this.#watch(socket, where)
      })
    })
  }

  #watch(socket: Socket, where: string): void {
    if (this.#isOver) {
      socket.close()
      return
    }
    this.#sockets.set(socket, where)
    const { close } = Object.getPrototypeOf(socket) as Socket
    socket.close = done => {
      if (this.#isCrash && !this.#isOver && !this.#kept.has(socket)) this.#keep(socket, where)
      else {
        this.#sockets.delete(socket)
        close.call(socket, done)
      }
    }
  }

  #keep(socket: Socket, where: string): void {
    const waiting: Connection[] = []
    socket.onconnection = (error, connection) => {
      if (error !== 0 || connection === undefined) return
      if (waiting.length < MOST_WAITING) waiting.push(connection)
      else connection.close()
    }
    const timer = setTimeout(() => this.#giveUp(socket), KEPT_MS).unref()
    this.#kept.set(socket, { where, waiting, timer })
  }

  #giveUp(socket: Socket): void {
    const kept = this.#kept.get(socket)
    if (kept === undefined) return
    clearTimeout(kept.timer)
    for (const connection of kept.waiting) connection.close()
    socket.close()
    this.#kept.delete(socket)
  }
}

interface Kept {
  /** The options that the server was given. */
  readonly where: string
  readonly waiting: Connection[]
  readonly timer: NodeJS.Timeout
}

/** What Node has below a server. */
interface Socket extends Connection {
  onconnection?: (error: number, connection?: Connection) => void
}

interface Connection {
  close(done?: () => void): void
}

/** Longer than a program takes to start again; its clients would not wait much longer either. */
const KEPT_MS = 15_000
/** As many as Node lets wait in the kernel. */
const MOST_WAITING = 511

function socketHolder(server: Server): { _handle: Socket | null } {
  return server as unknown as { _handle: Socket | null }
}
