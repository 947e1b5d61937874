import type { Worker } from 'node:worker_threads'
import type { SignalName } from '../metrics.ts'
import type { HerdServer } from '../server/serve-herd.ts'
import type { HandleState } from './worker-handle.ts'

/** A running cluster of processes or threads, in the hands of its primary. */
export interface Cluster {
  /** What each worker is doing now. */
  readonly workers: readonly WorkerStatus[]
  /** The metrics port; undefined where none was wanted. */
  readonly metrics: HerdServer | undefined
  /** Resolves when all workers listen for the first time. Stays open while they do not. */
  readonly ready: Promise<void>
  /**
   * Replaces all workers, one after the other, without failing a request: as SIGHUP does. While a reload is under way
   * one more can wait, and all who ask meanwhile share it. Resolves to true when all are replaced, to false where a
   * new one does not come up (it is said why, and the old ones that are left stay) or the cluster is being closed.
   * Never rejects.
   */
  reload(): Promise<boolean>
  /**
   * Changes how many workers there should be: as SIGTTIN and SIGTTOU do by one. The last ones go first. Resolves when
   * the new ones listen (or have ended) and the others are drained.
   * @throws ERR_PROMHERD_BAD_OPTION where `workers` is no whole number from 1 to 1024
   */
  scale(workers: number): Promise<void>
  /** Drains the workers, then closes the metrics port. The process goes on. Can be called twice. */
  close(): Promise<void>
}

/** One worker, as a cluster tells of it. */
export interface WorkerStatus {
  /** Its stable small number, from 1. */
  readonly worker: number
  /** Undefined between two processes. */
  readonly pid: number | undefined
  readonly state: HandleState
}

/** A worker that was started, as `onWorkerStart` hears of it. */
export interface WorkerStart {
  /** Its stable small number, from 1. */
  readonly worker: number
  /** Undefined for a process that never came to be. */
  readonly pid: number | undefined
  /** Where it is a thread, Node's own object for it: its `postMessage` and its messages are the application's. */
  readonly thread?: Worker
}

/** How a worker ended, as `onWorkerExit` hears of it. */
export interface WorkerExit {
  /** Its stable small number, from 1. */
  readonly worker: number
  /** Undefined for a process that never came to be. */
  readonly pid: number | undefined
  /** The exit code; null where a signal ended it. */
  readonly code: number | null
  /** The signal that ended it, with SIG; null where it has an exit code. */
  readonly signal: string | null
  /** Why it ended, in the words of `promherd_worker_restarts_total`; `close` where the cluster is being closed. */
  readonly reason: string
}

/**
 * What the primary tells of itself. A hook that throws or rejects is told on the log and counted in
 * `promherd_internal_errors_total{cause="callback"}`; nothing else comes of it. Nobody waits for a hook, but for
 * `onExit`.
 */
export interface ClusterHooks {
  /** Before the first worker starts. */
  readonly onStarting?: (() => unknown) | undefined
  /** All workers listen for the first time. */
  readonly onReady?: (() => unknown) | undefined
  /** A worker's process or thread has been started; the application is still to come. */
  readonly onWorkerStart?: ((start: WorkerStart) => unknown) | undefined
  /** A worker's process or thread is gone, whoever ended it. */
  readonly onWorkerExit?: ((exit: WorkerExit) => unknown) | undefined
  /** The primary was sent a signal, named without SIG, and has counted it. What it means is done all the same. */
  readonly onSignal?: ((name: SignalName) => unknown) | undefined
  /** All workers are gone and the metrics port is closed. Waited for, for 5 s at most. */
  readonly onExit?: (() => unknown) | undefined
}
