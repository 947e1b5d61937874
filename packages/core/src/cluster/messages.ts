import type { CutReason } from '../definitions/metrics.ts'
import type { HeapSize } from './heap-evidence.ts'

/** The messages between the primary and its workers. The user's own messages have no `promherd` and are ignored. */
export type ToWorker =
  /** The worker must end. */
  | ({ readonly promherd: 'drain' } & DrainRequest)
  /** The worker is about to be killed, and reports the connections that this closes. */
  | { readonly promherd: 'report_cut' }
  /** If its store has no files, it may be written into this directory. */
  | { readonly promherd: 'store_in'; readonly directory: string }
  /** The answer to a thread that wants to listen. */
  | ({ readonly promherd: 'port'; readonly id: number } & PortAnswer)

export type ToPrimary =
  /** It receives messages now, and counts in the store with this id; the application has not been loaded yet. */
  | { readonly promherd: 'started'; readonly store: number; readonly heap: HeapSize }
  /** Why its values are missing from the metrics; without a reason once they are included again. */
  | { readonly promherd: 'storage'; readonly lack?: string | undefined }
  /** The application listens, or has started if it never listens. */
  | { readonly promherd: 'listening' }
  /** The first HTTP request has begun. */
  | { readonly promherd: 'served' }
  /** The program has received a signal that it listens for, and ends itself. */
  | { readonly promherd: 'ends_itself' }
  /** The number of connections in use that are closed with it. */
  | { readonly promherd: 'cut'; readonly reason: CutReason; readonly connections: number }
  /** It has reached its request limit. */
  | { readonly promherd: 'worn' }
  /** The application threw while it was loaded; the exit follows. */
  | { readonly promherd: 'failed'; readonly error: string }
  /** A thread exits by itself: by `process.exit()`, an error, or because it has nothing left to do. */
  | { readonly promherd: 'leaves' }
  /** A thread wants to listen on a port that all threads share. */
  | { readonly promherd: 'wants_port'; readonly id: number; readonly wish: PortWish }
  /** It has a socket of its own for that port now, or could not create one. */
  | { readonly promherd: 'has_port'; readonly key: string }
  /** Its server on that port is closed. */
  | { readonly promherd: 'closed_port'; readonly key: string }

/** How a worker must end. */
export interface DrainRequest {
  /** The program receives the first of these signals that it listens for. If none, the worker drains itself. */
  readonly signals: readonly NodeJS.Signals[]
  /** How long connections that wait for their next request are kept if the worker drains itself. */
  readonly graceMs: number
}

/** The address of a server that wants to listen. */
export interface PortWish {
  /** The same for all threads that share one port. */
  readonly key: string
  readonly port: number
  readonly host: string | undefined
  readonly backlog: number | undefined
  readonly ipv6Only: boolean | undefined
}

/** The file descriptor of the socket that is held open for all threads, or the reason why there is none. */
export type PortAnswer = { readonly fd: number } | { readonly error: PortError }

/** A system error with Node's message. */
export interface PortError {
  readonly message: string
  readonly code?: string | undefined
  readonly errno?: number | undefined
  readonly syscall?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/** True for a message of promherd. */
export function isOurs<Message extends ToWorker | ToPrimary>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'promherd' in message
}
