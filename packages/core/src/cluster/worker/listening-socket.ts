import type { Server } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/**
 * Closes the listening socket of a server, but not the server: it gets no new connections, and `listening`, `address()`,
 * `ref()`, `unref()` and `close()` work as before. Does nothing if the server does not share its socket with other
 * workers: threads do, and processes with `NODE_CLUSTER_SCHED_POLICY=none`.
 *
 * The socket is replaced by an object with the same interface where Node stores the socket. In Node's cluster workers,
 * servers that accept nothing themselves have only such an object in any case.
 */
export function closeListeningSocket(server: Server): void {
  const holder = server as unknown as { _handle: Handle | null }
  const handle = holder._handle
  if (handle === null || !isShared(handle)) return
  const address = {}
  if (handle.getsockname(address) !== 0) return
  // Keeps the event loop running, as the socket did.
  const timer = setInterval(() => {}, LONGEST_MS)
  if (!handle.hasRef()) timer.unref()
  holder._handle = {
    getsockname: target => {
      Object.assign(target, address)
      return 0
    },
    hasRef: () => timer.hasRef(),
    ref: () => void timer.ref(),
    unref: () => void timer.unref(),
    close: done => {
      clearInterval(timer)
      if (done !== undefined) setImmediate(done)
    },
  }
  handle.close()
}

/**
 * Whether a server accepts from a socket that other workers have, too. Sockets of threads are duplicates. In a process,
 * Node's cluster has given such a socket its own `close`; servers that accept nothing themselves have no real socket.
 */
function isShared(handle: Handle): boolean {
  if (typeof handle.getsockname !== 'function') return false
  const prototype: unknown = Object.getPrototypeOf(handle)
  return prototype !== null && prototype !== Object.prototype && (!isMainThread || Object.hasOwn(handle, 'close'))
}

/** The methods of a socket that a server uses. */
interface Handle {
  getsockname(target: object): number
  hasRef(): boolean
  ref(): void
  unref(): void
  close(done?: () => void): void
}

/** The longest delay of a timer in Node. */
const LONGEST_MS = 2 ** 31 - 1
