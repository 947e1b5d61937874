/** What the primary and its workers say to each other. The user's own messages bear no `promherd` and pass by. */
export type ToWorker = { readonly promherd: 'collect'; readonly id: number } | { readonly promherd: 'drain' }

export type ToPrimary =
  /** It takes messages now; the application is still to come. */
  | { readonly promherd: 'started' }
  /** The application listens. */
  | { readonly promherd: 'listening' }
  | { readonly promherd: 'collected'; readonly id: number }

/** Whether an IPC message is one of ours. */
export function isOurs<Message extends ToWorker | ToPrimary>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'promherd' in message
}
