import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { isServedByPrimary } from '../primary-pid.ts'
import { Warner } from '../server/warner.ts'
import { Forwarder } from './forwarder.ts'
import type { Sink } from './sink.ts'

export interface ForwardingOptions {
  /** How often a snapshot is sent, in seconds. */
  readonly interval: number
  /** How long one push may take, in seconds. @default 10 */
  readonly timeout?: number | undefined
  /** Receives what goes wrong. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A running forwarding. Its timers keep no process alive. */
export interface Forwarding {
  /**
   * Sends the last snapshot and stops. A cluster does that itself when it ends; a process without one loses what it has
   * counted since the last push unless it waits for this. Never rejects.
   */
  stop(): Promise<void>
}

/**
 * Sends snapshots of the herd of this process to a sink: the herd of the cluster whose primary this process is, of the
 * directory that it serves, or what the process records itself. In a worker it does nothing: the primary sends for all.
 * `makeSink` is called only where there is something to do. The options are checked by whoever calls this.
 */
export function startForwarding(makeSink: () => Sink, options: ForwardingOptions): Forwarding {
  const warner = new Warner(options.onWarning)
  if (!isMainThread || isServedByPrimary()) return IDLE
  if (cluster.isWorker) {
    warner.say(
      'Expected forwarding to be started once for a herd, but this is one of several workers, so it does nothing. Start it in a process that calls serveHerd() with the directory of the workers.',
    )
    return IDLE
  }
  const { interval, timeout = DEFAULT_TIMEOUT } = options
  return new Forwarder({ sink: makeSink(), intervalMs: interval * 1000, deadlineMs: timeout * 1000, warner })
}

const IDLE: Forwarding = { stop: async () => {} }

const DEFAULT_TIMEOUT = 10
