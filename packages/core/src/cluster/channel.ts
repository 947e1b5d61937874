import type { MessagePort } from 'node:worker_threads'
import type { ToPrimary } from './messages.ts'

/** The channel between a worker and its primary, at the worker's end. */
export interface Line {
  /** Sends a message, and calls `done` when it was sent, or no receiver is left. */
  tell(message: ToPrimary, done?: () => void): void
  /**
   * Calls `hear` with the messages from the primary, which may include messages of the application. Keeps the worker
   * from exiting by itself.
   */
  listen(hear: (message: unknown) => void): void
  /** Stops keeping the worker running: it exits when its program has nothing left to do. */
  release(): void
}

/** The channel of a forked process. */
export const processLine: Line = {
  tell: (message, done = () => {}) => {
    if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, done)
    else done()
  },
  listen: hear => {
    process.on('message', hear)
  },
  release: () => {
    process.channel?.unref()
  },
}

/** The channel of a thread. Messages that it sent before it exited are received: the primary reads the port then. */
export function threadLine(port: MessagePort): Line {
  return {
    tell: (message, done = () => {}) => {
      port.postMessage(message)
      done()
    },
    listen: hear => {
      port.on('message', hear)
    },
    release: () => {
      port.unref()
    },
  }
}
