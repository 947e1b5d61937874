import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { isServedByPrimary } from '../base/primary-pid.ts'
import { Warner } from '../base/warner.ts'
import { Forwarder } from './forwarder.ts'
import type { Sink } from './sink.ts'

export interface ForwardingOptions {
  /** The interval between snapshots, in seconds. */
  readonly interval: number
  /** The maximum duration of one push, in seconds. @default 10 */
  readonly timeout?: number | undefined
  /** Is called with a message about each problem. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A running forwarding. Its timers do not keep the process alive. */
export interface Forwarding {
  /**
   * Sends the last snapshot and stops. A cluster calls this itself at shutdown; a process without a cluster loses what
   * it has counted since the last push unless it waits for this. Never rejects.
   */
  stop(): Promise<void>
}

/**
 * Sends snapshots of the herd of this process to a sink: the herd of the cluster whose primary this process is, of the
 * directory that it serves, or what the process records itself. In a worker it does nothing: the primary sends for all.
 * `makeSink` is called only if there is something to send. The caller checks the options.
 */
export function startForwarding(makeSink: () => Sink, options: ForwardingOptions): Forwarding {
  const warner = new Warner(options.onWarning)
  if (!isMainThread || isServedByPrimary()) return IDLE
  if (cluster.isWorker) {
    warner.log(
      'Expected forwarding to be started once for a herd, but this is one of several workers, so it does nothing. Start it in a process that calls serveHerd() with the directory of the workers.',
    )
    return IDLE
  }
  const { interval, timeout = DEFAULT_TIMEOUT } = options
  return new Forwarder({ sink: makeSink(), intervalMs: interval * 1000, deadlineMs: timeout * 1000, warner })
}

const IDLE: Forwarding = { stop: async () => {} }

const DEFAULT_TIMEOUT = 10
