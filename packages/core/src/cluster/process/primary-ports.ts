import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, type ListeningSocket, type PendingConnection, Port } from './port.ts'

/**
 * All ports on which Node's primary accepts connections for its workers, found through Node's diagnostics channels. A
 * port that was kept after a crash is reused by the next server of the primary that has the same options.
 */
export class PrimaryPorts {
  readonly #ports = new Set<Port>()
  /** The options of each server that starts to listen. */
  readonly #options = new WeakMap<Server, string>()
  #isStopped = false

  constructor() {
    subscribe('tracing:net.server.listen:asyncStart', message => {
      const { server, options } = message as { server: Server; options: object }
      if (!this.#isStopped) this.#startsListening(server, JSON.stringify(options))
    })
    subscribe('tracing:net.server.listen:asyncEnd', message => this.#listens((message as { server: Server }).server))
  }

  /** Calls `remove`, in which Node removes a worker that crashed. */
  removeCrashed(remove: () => void): void {
    const removeKeepingPorts = [...this.#ports].reduce((next, port) => () => port.removeCrashed(next), remove)
    removeKeepingPorts()
    this.#deleteClosed()
  }

  /** Records that a connection is being sent to a worker. */
  sending(connection: Connection): PendingConnection {
    for (const port of this.#ports) {
      const pending = port.sending(connection)
      if (pending !== undefined) return pending
    }
    return { connection }
  }

  /**
   * Accepts the connections in the kernel's queue, closes all ports permanently, and resolves when Node has sent every
   * connection to a worker; after a second at the latest.
   */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#ports].map(port => port.stop()))
    const deadline = performance.now() + DISTRIBUTION_MS
    while (this.#isDistributing && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  }

  get #isDistributing(): boolean {
    return [...this.#ports].some(port => port.isDistributing)
  }

  #startsListening(server: Server, options: string): void {
    this.#options.set(server, options)
    const kept = [...this.#ports].find(port => port.options === options && port.isKept)
    // Node listens on an existing socket, as it does with a socket that was sent to it.
    if (kept !== undefined) socketHolder(server)._handle = kept.take()
  }

  #listens(server: Server): void {
    const socket = socketHolder(server)._handle
    const options = this.#options.get(server)
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
    if (this.#isStopped) {
      socket.close()
      return
    }
    this.#deleteClosed()
    const known = [...this.#ports].find(port => port.socket === socket)
    const port = known ?? new Port(socket, options)
    this.#ports.add(port)
    port.serve()
  }

  #deleteClosed(): void {
    for (const port of this.#ports) if (port.isClosed) this.#ports.delete(port)
  }
}

/** How long the workers may take to receive the connections that were accepted for them. */
const DISTRIBUTION_MS = 1000
const POLL_INTERVAL_MS = 5

function socketHolder(server: Server): { _handle: ListeningSocket | null } {
  return server as unknown as { _handle: ListeningSocket | null }
}
