import { Server, type Socket } from 'node:net'

/**
 * Connections that no response ends: upgraded ones (WebSockets), streams of events, and all connections of a server
 * with a protocol other than HTTP. A worker that drains itself closes each when it was idle for a second, and all of
 * them after five seconds. Data that was written by then is sent.
 */
export class Lingering {
  #since: number | undefined
  readonly #seen = new Map<Socket, { bytes: number; quietSince: number }>()

  readonly #ended = new Set<Socket>()

  /** The number of connections that were closed. */
  get ended(): number {
    return this.#ended.size
  }

  /** Other work must finish first: the times restart with the next call of `end`. */
  pause(): void {
    this.#since = undefined
    this.#seen.clear()
  }

  /** Checks the connections that are open now. */
  end(sockets: Iterable<Socket>): void {
    const now = performance.now()
    this.#since ??= now
    for (const socket of sockets) {
      const bytes = socket.bytesRead + socket.bytesWritten
      let seen = this.#seen.get(socket)
      if (seen === undefined || seen.bytes !== bytes) {
        seen = { bytes, quietSince: now }
        this.#seen.set(socket, seen)
      }
      if (now - seen.quietSince < QUIET_MS && now - this.#since < MOST_MS) continue
      this.#ended.add(socket)
      socket.destroySoon()
    }
  }
}

const QUIET_MS = 1000
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
