import type { Server } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/**
 * Keeps new connections from a server of this thread, or of a process that shares its socket with others
 * (`NODE_CLUSTER_SCHED_POLICY=none`), without closing it: `listening`, `address()`, `ref()`, `unref()` and `close()` are
 * as they were. Its socket is closed, and something that answers in its place stands where Node keeps the socket; the
 * servers of Node's cluster workers have nothing more there.
 */
export function keepOff(server: Server): void {
  const holder = server as unknown as { _handle: Handle | null }
  const handle = holder._handle
  if (handle === null || !isShared(handle)) return
  const address = {}
  if (handle.getsockname(address) !== 0) return
  // What keeps the event loop, as the socket did.
  const keeper = setInterval(() => {}, LONGEST_MS)
  if (!handle.hasRef()) keeper.unref()
  holder._handle = {
    getsockname: target => {
      Object.assign(target, address)
      return 0
    },
    hasRef: () => keeper.hasRef(),
    ref: () => void keeper.ref(),
    unref: () => void keeper.unref(),
    close: done => {
      clearInterval(keeper)
      if (done !== undefined) setImmediate(done)
    },
  }
  handle.close()
}

/**
 * Whether a server accepts from a socket that other workers have, too. Sockets of threads are duplicates. In a process
 * Node's cluster has given one its own `close`; what it gives to servers that accept nothing themselves is no socket.
 */
function isShared(handle: Handle): boolean {
  if (typeof handle.getsockname !== 'function') return false
  const prototype: unknown = Object.getPrototypeOf(handle)
  return prototype !== null && prototype !== Object.prototype && (!isMainThread || Object.hasOwn(handle, 'close'))
}

/** What a server does with its socket. */
interface Handle {
  getsockname(target: object): number
  hasRef(): boolean
  ref(): void
  unref(): void
  close(done?: () => void): void
}

/** The longest that a timer of Node can take. */
const LONGEST_MS = 2 ** 31 - 1
