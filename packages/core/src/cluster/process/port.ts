import { setImmediate as nextTurn } from 'node:timers/promises'
import { acceptLast } from '../tcp.ts'

/**
 * A port on which Node's primary accepts connections for its workers: the socket, and the connections that were not
 * sent to a worker yet.
 *
 * Node closes a port, and its waiting connections, when the last worker that serves it has exited. If that worker
 * crashed, both are kept here for the next worker: new connections wait in the meantime instead of being refused.
 */
export class Port {
  /** The options that the server was given. */
  readonly options: string
  readonly #socket: ListeningSocket
  readonly #isInherited: boolean
  /** Connections that Node has not sent to a worker yet. */
  readonly #queued = new Set<Connection>()
  /** Connections that wait here while no worker serves the port. */
  readonly #kept = new Set<Connection>()
  #state: 'served' | 'kept' | 'closed' = 'closed'
  /** How often Node has started to distribute the connections of this port. */
  #round = 0
  #accepted = 0
  #isStopped = false
  #isCrash = false
  #isTaken = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: ListeningSocket, options: string) {
    this.#socket = socket
    this.options = options
    this.#isInherited = typeof (JSON.parse(options) as { fd?: unknown }).fd === 'number'
    socket.close = done => this.#lastWorkerLeft(done)
  }

  get socket(): ListeningSocket {
    return this.#socket
  }

  /** True if it waits for the next server with its options. */
  get isKept(): boolean {
    return this.#state === 'kept' && !this.#isTaken
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** True if connections wait for one of the workers. */
  get isDistributing(): boolean {
    return this.#state === 'served' && this.#queued.size > 0
  }

  /** The socket, for a server that is about to listen. */
  take(): ListeningSocket {
    this.#isTaken = true
    return this.#socket
  }

  /** Node distributes the connections from now on. */
  serve(): void {
    clearTimeout(this.#timer)
    this.#state = 'served'
    this.#isTaken = false
    this.#round++
    const distribute = this.#socket.onconnection
    this.#socket.onconnection = (error, connection) => {
      if (connection !== undefined) {
        this.#accepted++
        this.#queued.add(connection)
      }
      distribute?.(error, connection)
    }
    const kept = [...this.#kept]
    this.#kept.clear()
    for (const connection of kept) this.#socket.onconnection(0, connection)
  }

  /** Calls `remove`, in which Node removes a worker that crashed. */
  removeCrashed(remove: () => void): void {
    this.#isCrash = true
    const closed: Connection[] = []
    for (const connection of this.#queued) connection.close = () => closed.push(connection)
    remove()
    // Restores the `close` of its class.
    for (const connection of this.#queued) delete (connection as Partial<Connection>).close
    this.#isCrash = false
    for (const connection of closed) this.#place(connection)
  }

  /**
   * Records that a connection is being sent to a worker. Returns the pending connection; undefined if it does not belong
   * to this port.
   */
  sending(connection: Connection): PendingConnection | undefined {
    return this.#queued.delete(connection) ? { port: this, round: this.#round, connection } : undefined
  }

  /** A worker has not accepted a connection. Node sends it to another worker that it knew at that time, if one is left. */
  rejected({ connection, round }: PendingConnection): void {
    this.#queued.add(connection)
    // Otherwise Node adds it to a list that is no longer used, and removes it from any other.
    if (round !== this.#round || this.#state !== 'served') process.nextTick(() => this.#place(connection))
  }

  /** Accepts the connections in the kernel's queue, and closes permanently. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#state === 'kept') this.#closeKept()
    if (this.#state !== 'served') return
    // An inherited socket stays open in another process: it serves others, and the waiting connections are not lost.
    if (!this.#isInherited && !(await acceptLast(this.#socket.fd))) await this.#acceptMost()
    this.#close()
  }

  /** Limits the queue to one connection, and resolves when none has arrived in a turn of the event loop. */
  async #acceptMost(): Promise<void> {
    this.#socket.listen?.(0)
    await nextTurn()
    const deadline = performance.now() + MOST_ACCEPTING_MS
    for (let before = -1; before !== this.#accepted && performance.now() < deadline; ) {
      before = this.#accepted
      await nextTurn()
    }
  }

  /** Node has no worker left that serves the port. */
  #lastWorkerLeft(done?: () => void): void {
    if (this.#isCrash && !this.#isStopped && this.#state === 'served') this.#keep()
    else {
      this.#close(done)
      this.#state = 'closed'
    }
  }

  #keep(): void {
    this.#state = 'kept'
    this.#socket.onconnection = (error, connection) => {
      if (error === 0 && connection !== undefined) this.#place(connection)
    }
    this.#timer = setTimeout(() => this.#closeKept(), KEPT_MS).unref()
  }

  /** Sends a connection that Node does not hold to a worker, now or when one serves the port again. */
  #place(connection: Connection): void {
    this.#queued.delete(connection)
    if (this.#state === 'served') this.#socket.onconnection?.(0, connection)
    else if (this.#state === 'kept' && this.#kept.size < MOST_WAITING) this.#kept.add(connection)
    else connection.close()
  }

  #closeKept(): void {
    clearTimeout(this.#timer)
    this.#state = 'closed'
    for (const connection of this.#kept) connection.close()
    this.#kept.clear()
    this.#close()
  }

  #close(done?: () => void): void {
    const { close } = Object.getPrototypeOf(this.#socket) as Connection
    close.call(this.#socket, done)
  }
}

/** A connection that was sent to a worker, which has not answered yet. */
export interface PendingConnection {
  readonly connection: Connection
  readonly port?: Port
  readonly round?: number
}

/** Node's internal handle of a server. */
export interface ListeningSocket extends Connection {
  onconnection?: (error: number, connection?: Connection) => void
  listen?(backlog: number): number
}

/** Node's internal handle of a socket. */
export interface Connection {
  readonly fd: number
  close(done?: () => void): void
}

/** Longer than a program takes to restart; its clients would not wait much longer either. */
const KEPT_MS = 15_000
/** The maximum that Node lets wait in the kernel. */
const MOST_WAITING = 511
/** A limit for the case that clients never stop connecting. */
const MOST_ACCEPTING_MS = 1000
