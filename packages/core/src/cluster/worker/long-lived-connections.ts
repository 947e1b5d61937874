import { Server, type Socket } from 'node:net'

/**
 * Closes long-lived connections, which no response ends: upgraded ones (WebSockets), streams of events, and all
 * connections of a server with a protocol other than HTTP. A worker that drains itself closes each when it was idle for
 * a second, and all of them after five seconds. Data that was written by then is sent.
 */
export class LongLivedConnections {
  #since: number | undefined
  readonly #traffic = new Map<Socket, { bytes: number; idleSince: number }>()
  readonly #closed = new Set<Socket>()

  /** The number of connections that were closed. */
  get closed(): number {
    return this.#closed.size
  }

  /** Other work must finish first: all times restart with the next call of `close`. */
  restart(): void {
    this.#since = undefined
    this.#traffic.clear()
  }

  /** Closes those of `sockets`, the connections that are open now, whose time is over. */
  close(sockets: Iterable<Socket>): void {
    const now = performance.now()
    this.#since ??= now
    for (const socket of sockets) {
      const bytes = socket.bytesRead + socket.bytesWritten
      let traffic = this.#traffic.get(socket)
      if (traffic === undefined || traffic.bytes !== bytes) {
        traffic = { bytes, idleSince: now }
        this.#traffic.set(socket, traffic)
      }
      if (now - traffic.idleSince < IDLE_MS && now - this.#since < MOST_MS) continue
      this.#closed.add(socket)
      socket.destroySoon()
    }
  }
}

const IDLE_MS = 1000
const MOST_MS = 5000

/**
 * The open connections of servers, from Node's list of handles that keep its event loop running: no connection has to
 * be watched for it.
 */
export function openSockets(servers: ReadonlySet<Server>): Socket[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles?: () => object[] }
  return (handles?.call(process) ?? []).filter((handle): handle is Socket => {
    const { server } = handle as { readonly server?: unknown }
    return server instanceof Server && servers.has(server) && 'destroySoon' in handle
  })
}
