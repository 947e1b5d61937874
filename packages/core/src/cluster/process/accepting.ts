import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, type Handover, type ListeningSocket, Port } from './port.ts'

/**
 * The ports on which Node's primary accepts connections for its workers, found through Node's diagnostics channels. A
 * port that was kept after a crash is reused by the next server of the primary that has the same options.
 */
export class Accepting {
  readonly #ports = new Set<Port>()
  /** The options of each server that starts to listen. */
  readonly #wanted = new WeakMap<Server, string>()
  #isOver = false

  constructor() {
    subscribe('tracing:net.server.listen:asyncStart', message => {
      const { server, options } = message as { server: Server; options: object }
      if (!this.#isOver) this.#begins(server, JSON.stringify(options))
    })
    subscribe('tracing:net.server.listen:asyncEnd', message => this.#listens((message as { server: Server }).server))
  }

  /** Calls `remove`, in which Node removes a worker that crashed. */
  crashed(remove: () => void): void {
    const shielded = [...this.#ports].reduce((act, port) => () => port.crashed(act), remove)
    shielded()
    this.#forgetClosed()
  }

  /** A connection is sent to a worker. */
  sends(connection: Connection): Handover {
    for (const port of this.#ports) {
      const handover = port.sends(connection)
      if (handover !== undefined) return handover
    }
    return { connection }
  }

  /**
   * Accepts the connections in the kernel's queue, closes all ports permanently, and resolves when Node has sent every
   * connection to a worker; after a second at the latest.
   */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all([...this.#ports].map(port => port.stop()))
    const deadline = performance.now() + HAND_OUT_MS
    while (this.#isHandingOut && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  }

  get #isHandingOut(): boolean {
    return [...this.#ports].some(port => port.isHandingOut)
  }

  #begins(server: Server, options: string): void {
    this.#wanted.set(server, options)
    const kept = [...this.#ports].find(port => port.options === options && port.isKept)
    // Node listens on an existing socket, as it does with a socket that was sent to it.
    if (kept !== undefined) socketHolder(server)._handle = kept.take()
  }

  #listens(server: Server): void {
    const socket = socketHolder(server)._handle
    const options = this.#wanted.get(server)
    if (socket === null || options === undefined) return
    server.once('listening', () => {
      // If the connections go to workers, Node has by now moved the server's socket to the object that distributes
      // them.
      queueMicrotask(() => {
        if (socketHolder(server)._handle === null) this.#watch(socket, options)
      })
    })
  }

  #watch(socket: ListeningSocket, options: string): void {
    if (this.#isOver) {
      socket.close()
      return
    }
    this.#forgetClosed()
    const known = [...this.#ports].find(port => port.socket === socket)
    const port = known ?? new Port(socket, options)
    this.#ports.add(port)
    port.serve()
  }

  #forgetClosed(): void {
    for (const port of this.#ports) if (port.isClosed) this.#ports.delete(port)
  }
}

/** How long the workers may take to receive the connections that were accepted for them. */
const HAND_OUT_MS = 1000
const POLL_INTERVAL_MS = 5

function socketHolder(server: Server): { _handle: ListeningSocket | null } {
  return server as unknown as { _handle: ListeningSocket | null }
}
