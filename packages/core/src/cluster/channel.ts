import type { MessagePort } from 'node:worker_threads'
import type { ToPrimary } from './messages.ts'

/** The channel between a worker and its primary, at the worker's end. */
export interface Channel {
  /** Sends a message, and calls `done` when it was sent, or no receiver is left. */
  send(message: ToPrimary, done?: () => void): void
  /**
   * Calls `onMessage` with the messages from the primary, which may include messages of the application. Keeps the
   * worker from exiting by itself.
   */
  listen(onMessage: (message: unknown) => void): void
  /** Stops keeping the worker running: it exits when its program has nothing left to do. */
  unref(): void
}

/** The channel of a forked process. */
export const processChannel: Channel = {
  send: (message, done = () => {}) => {
    if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, done)
    else done()
  },
  listen: onMessage => {
    process.on('message', onMessage)
  },
  unref: () => {
    process.channel?.unref()
  },
}

/** The channel of a thread. Messages that it sent before it exited are received: the primary reads the port then. */
export function threadChannel(port: MessagePort): Channel {
  return {
    send: (message, done = () => {}) => {
      port.postMessage(message)
      done()
    },
    listen: onMessage => {
      port.on('message', onMessage)
    },
    unref: () => {
      port.unref()
    },
  }
}
