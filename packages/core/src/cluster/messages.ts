import type { CutReason } from '../definitions/label-values.ts'
import type { HeapSize } from './full-heap-detector.ts'

/** The messages between the primary and its workers. The user's own messages have no `promherd` and are ignored. */
export type ToWorker =
  /** The worker must end. */
  | ({ readonly promherd: 'drain' } & DrainRequest)
  /** The worker is about to be killed, and must report how many connections this closes. */
  | { readonly promherd: 'report_connections' }
  /** A worker whose store has no files may write them into this directory. */
  | { readonly promherd: 'store_directory'; readonly directory: string }
  /** The answer to a thread that has requested a port. */
  | ({ readonly promherd: 'port_answer'; readonly id: number } & PortAnswer)

export type ToPrimary =
  /** It receives messages now, and records in the store with this id; the application has not been loaded yet. */
  | { readonly promherd: 'started'; readonly store: number; readonly heap: HeapSize }
  /** The reason why its values are missing from the metrics; no reason once they are included again. */
  | { readonly promherd: 'storage'; readonly missingReason?: string | undefined }
  /** The application listens, or has started if it never listens. */
  | { readonly promherd: 'listening' }
  /** The first HTTP request has begun. */
  | { readonly promherd: 'served' }
  /** The program has received a signal that it listens for, and exits in its own way. */
  | { readonly promherd: 'program_exits' }
  /** The number of connections in use that are closed with the worker. */
  | { readonly promherd: 'cut_connections'; readonly reason: CutReason; readonly connections: number }
  /** It has reached its request limit. */
  | { readonly promherd: 'request_limit' }
  /** The application threw while it was loaded; the exit follows. */
  | { readonly promherd: 'failed'; readonly error: string }
  /** A thread exits by itself: by `process.exit()`, an error, or because it has nothing left to do. */
  | { readonly promherd: 'thread_exits' }
  /** A thread requests the socket of a port that all threads share. */
  | { readonly promherd: 'port_request'; readonly id: number; readonly request: PortRequest }
  /** The thread has its own descriptor for that port now, or could not create one. */
  | { readonly promherd: 'port_opened'; readonly key: string }
  /** The thread's server on that port is closed. */
  | { readonly promherd: 'port_closed'; readonly key: string }

/** How a worker must exit. */
export interface DrainRequest {
  /** The program receives the first of these signals that it listens for. If none, the worker drains itself. */
  readonly signals: readonly NodeJS.Signals[]
  /** How long connections that wait for their next request are kept if the worker drains itself. */
  readonly graceMs: number
}

/** The address on which a server is about to listen. */
export interface PortRequest {
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
