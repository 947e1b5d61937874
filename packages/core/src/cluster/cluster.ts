import type { Worker } from 'node:worker_threads'
import type { SignalName } from '../definitions/label-values.ts'
import type { HerdServer } from '../server/serve-herd.ts'

/** A running cluster of processes or threads, controlled by its primary. */
export interface Cluster {
  /** The current state of each worker. */
  readonly workers: readonly WorkerStatus[]
  /** The metrics port; undefined if the option disables it. */
  readonly metrics: HerdServer | undefined
  /** Resolves when all workers listen for the first time. Stays pending until then. */
  readonly ready: Promise<void>
  /**
   * Replaces all workers, one after the other, without failing a request, as SIGHUP does. During a reload one more can
   * wait; all calls in the meantime share it. Resolves to true when all are replaced, to false if a new worker does not
   * start (the reason is logged, and the remaining old ones keep running) or the cluster is being closed. Never
   * rejects.
   */
  reload(): Promise<boolean>
  /**
   * Changes the number of workers, as SIGTTIN and SIGTTOU do by one. The last ones are removed first. Resolves when the
   * new ones listen (or have exited) and the others are drained.
   * @throws ERR_PROMHERD_BAD_OPTION if `workers` is not an integer from 1 to 1024
   */
  scale(workers: number): Promise<void>
  /** Drains the workers, then closes the metrics port. The process keeps running. Can be called twice. */
  close(): Promise<void>
}

/** The status of one worker. */
export interface WorkerStatus {
  /** Its stable number, from 1. */
  readonly worker: number
  /** Undefined between two processes. */
  readonly pid: number | undefined
  /** As far as it was reported to the primary. */
  readonly state: 'starting' | 'running' | 'draining' | 'dead'
}

/** A worker that was started, as `onWorkerStart` is called with it. */
export interface WorkerStart {
  /** Its stable number, from 1. */
  readonly worker: number
  /** Undefined for a process that could not be created. */
  readonly pid: number | undefined
  /** Node's own object if the worker is a thread: its `postMessage` and its messages belong to the application. */
  readonly thread?: Worker
}

/** How a worker ended, as `onWorkerExit` is called with it. */
export interface WorkerExit {
  /** Its stable number, from 1. */
  readonly worker: number
  /** Undefined for a process that could not be created. */
  readonly pid: number | undefined
  /** The exit code; null if a signal ended it. */
  readonly code: number | null
  /** The signal that ended it, with SIG; null if it has an exit code. */
  readonly signal: string | null
  /** Why it ended: a value of `promherd_worker_restarts_total`'s label, or `close` if the cluster is being closed. */
  readonly reason: string
}

/**
 * Callbacks for events of the primary. If a hook throws or rejects, the error is logged and counted in
 * `promherd_internal_errors_total{cause="callback"}`; the cluster is not affected. Only `onExit` is awaited.
 */
export interface ClusterHooks {
  /** Before the first worker starts. */
  readonly onStarting?: (() => unknown) | undefined
  /** All workers listen for the first time. */
  readonly onReady?: (() => unknown) | undefined
  /** A worker's process or thread was started; the application has not been loaded yet. */
  readonly onWorkerStart?: ((start: WorkerStart) => unknown) | undefined
  /** A worker's process or thread has exited, for whatever reason. */
  readonly onWorkerExit?: ((exit: WorkerExit) => unknown) | undefined
  /**
   * The primary received a signal, named without SIG, and has counted it. The normal action of the signal follows in
   * any case.
   */
  readonly onSignal?: ((name: SignalName) => unknown) | undefined
  /** All workers have exited and the metrics port is closed. Awaited for at most 5 s. */
  readonly onExit?: (() => unknown) | undefined
}
