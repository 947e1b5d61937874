import { Server, type Socket } from 'node:net'

/**
 * Connections that no response ends: what was upgraded (WebSockets), streams of events, and all that a server does
 * which speaks something else than HTTP. A worker that drains itself ends each when nothing has moved on it for a
 * second, and all of them after five. What was written by then is sent.
 */
export class Lingering {
  #since: number | undefined
  readonly #seen = new Map<Socket, { bytes: number; quietSince: number }>()

  readonly #ended = new Set<Socket>()

  /** How many it has ended. */
  get ended(): number {
    return this.#ended.size
  }

  /** Something else is to be waited for: the time begins anew with the next look. */
  pause(): void {
    this.#since = undefined
    this.#seen.clear()
  }

  /** Looks at those that are open now. */
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

/** The open connections of servers, as Node lists what keeps its event loop: no connection is watched for it. */
export function openSockets(servers: ReadonlySet<Server>): Socket[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles?: () => object[] }
  return (handles?.call(process) ?? []).filter((handle): handle is Socket => {
    const { server } = handle as { readonly server?: unknown }
    return server instanceof Server && servers.has(server) && 'destroySoon' in handle
  })
}
