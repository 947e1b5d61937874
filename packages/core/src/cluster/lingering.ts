import { Server, type Socket } from 'node:net'

/**
 * Connections that no response ends: what was upgraded (WebSockets), streams of events, and all that a server does
 * which speaks something else than HTTP. A worker that drains itself ends each when nothing has moved on it for a
 * second, and all of them after five. What was written by then is sent.
 */
export class Lingering {
  readonly #since = performance.now()
  readonly #seen = new Map<Socket, { bytes: number; quietSince: number }>()

  /** Looks at those that are open now. */
  end(sockets: Iterable<Socket>): void {
    const now = performance.now()
    for (const socket of sockets) {
      const bytes = socket.bytesRead + socket.bytesWritten
      let seen = this.#seen.get(socket)
      if (seen === undefined || seen.bytes !== bytes) {
        seen = { bytes, quietSince: now }
        this.#seen.set(socket, seen)
      }
      if (now - seen.quietSince >= QUIET_MS || now - this.#since >= MOST_MS) socket.destroySoon()
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
