import type { CutReason } from '../metrics.ts'
import type { HeapSize } from './heap-evidence.ts'

/** What the primary and its workers say to each other. The user's own messages bear no `promherd` and pass by. */
export type ToWorker =
  /** The worker is to end. */
  | ({ readonly promherd: 'drain' } & DrainRequest)
  /** The worker is about to be killed, and reports the connections that this cuts off. */
  | { readonly promherd: 'report_cut' }
  /** Its store may be written into this directory, where it has no files. */
  | { readonly promherd: 'store_in'; readonly directory: string }
  /** The answer to a thread that wants to listen. */
  | ({ readonly promherd: 'port'; readonly id: number } & PortAnswer)

export type ToPrimary =
  /** It takes messages now, and counts in the store with this id; the application is still to come. */
  | { readonly promherd: 'started'; readonly store: number; readonly heap: HeapSize }
  /** Why what it counts is missing from the metrics; without a reason once it is not. */
  | { readonly promherd: 'storage'; readonly lack?: string | undefined }
  /** The application listens, or has begun where it never will. */
  | { readonly promherd: 'listening' }
  /** The first request of HTTP has begun. */
  | { readonly promherd: 'served' }
  /** The program has received a signal that it listens for, and ends in its own way. */
  | { readonly promherd: 'ends_itself' }
  /** So many connections in use end with it. */
  | { readonly promherd: 'cut'; readonly reason: CutReason; readonly connections: number }
  /** It has served as many requests as it should. */
  | { readonly promherd: 'worn' }
  /** The application threw before it ran; the exit follows. */
  | { readonly promherd: 'failed'; readonly error: string }
  /** A thread ends of its own doing: by `process.exit()`, an error, or for want of anything to do. */
  | { readonly promherd: 'leaves' }
  /** A thread wants to listen on a port that all threads share. */
  | { readonly promherd: 'wants_port'; readonly id: number; readonly wish: PortWish }
  /** It has a socket of its own for that port now, or could not make one. */
  | { readonly promherd: 'has_port'; readonly key: string }
  /** Its server on that port is closed. */
  | { readonly promherd: 'closed_port'; readonly key: string }

/** How a worker is to end. */
export interface DrainRequest {
  /** The first of these that the program listens for is what it receives. Without any the worker drains itself. */
  readonly signals: readonly NodeJS.Signals[]
  /** How long connections that wait for their next request are kept where the worker drains itself. */
  readonly graceMs: number
}

/** Where a server is to listen. */
export interface PortWish {
  /** The same for all threads that are to share one port. */
  readonly key: string
  readonly port: number
  readonly host: string | undefined
  readonly backlog: number | undefined
  readonly ipv6Only: boolean | undefined
}

/** The file descriptor of the socket that is held open for all threads, or why there is none. */
export type PortAnswer = { readonly fd: number } | { readonly error: PortError }

/** An error of the system, as Node words it. */
export interface PortError {
  readonly message: string
  readonly code?: string | undefined
  readonly errno?: number | undefined
  readonly syscall?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/** Whether a message is one of ours. */
export function isOurs<Message extends ToWorker | ToPrimary>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'promherd' in message
}
