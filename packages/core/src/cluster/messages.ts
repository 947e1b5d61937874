/** What the primary and its workers say to each other. The user's own messages bear no `promherd` and pass by. */
export type ToWorker =
  | { readonly promherd: 'collect'; readonly id: number }
  /** `graceMs`: how long connections that wait for their next request are kept. */
  | { readonly promherd: 'drain'; readonly graceMs: number }

export type ToPrimary =
  /** It takes messages now, and counts in the store with this id; the application is still to come. */
  | { readonly promherd: 'started'; readonly store: number }
  /** The application listens. */
  | { readonly promherd: 'listening' }
  /** It has served as many requests as it should. */
  | { readonly promherd: 'worn' }
  /** The application threw before it ran; the exit follows. */
  | { readonly promherd: 'failed'; readonly error: string }
  | { readonly promherd: 'collected'; readonly id: number }

/** Whether an IPC message is one of ours. */
export function isOurs<Message extends ToWorker | ToPrimary>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'promherd' in message
}
