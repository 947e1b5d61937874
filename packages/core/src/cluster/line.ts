import type { MessagePort } from 'node:worker_threads'
import type { ToPrimary } from './messages.ts'

/** What a worker and its primary talk through, at the worker's end. */
export interface Line {
  /** Says something, and calls `done` when it is on its way, or nobody is there to hear it. */
  tell(message: ToPrimary, done?: () => void): void
  /** Hears what the primary says; other messages than ours may be among it. Keeps the worker from ending by itself. */
  listen(hear: (message: unknown) => void): void
  /** Keeps the worker from ending no longer: it ends when its program has nothing left to do. */
  release(): void
}

/** Of a process that was forked. */
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

/** Of a thread. What it has said before its end is heard: the primary looks into the port. */
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
