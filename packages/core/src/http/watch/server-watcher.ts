import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Store } from '../../store/store.ts'

/** Receives the events of a server other than requests. Must not throw. */
export interface ServerWatcher {
  readonly store: Store
  /** A request that Node refused with `statusCode`; its method if that could be read. */
  refused(method: string | undefined, statusCode: number): void
  /** A connection that leaves HTTP, before the listeners that take it over are called. */
  upgraded(request: IncomingMessage, socket: Duplex): void
}
