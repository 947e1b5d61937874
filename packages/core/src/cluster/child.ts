import type { Worker } from 'node:worker_threads'
import type { RestartReason } from '../definitions/label-values.ts'
import type { ToWorker } from './messages.ts'

/**
 * A child of the primary: the process or thread in which a worker runs. It reports events and executes commands. Its
 * `WorkerHandle` tracks the state of the worker, and the worker slot makes the decisions.
 */
export interface Child {
  /** Undefined for a process that could not be created. */
  readonly pid: number | undefined
  /** Node's own object if it is a thread. */
  readonly thread?: Worker
  /** A description: `process 4121`, `thread 3`. */
  readonly name: string
  /** Resolves when it has exited, for whatever reason, and all its messages were received. */
  readonly exited: Promise<Exit>
  /** Calls `onMessage` with all messages of the worker, from the first one on, including those of the application. */
  listen(onMessage: (message: unknown) => void): void
  /** Sends no new connections to the worker, if the primary distributes them. */
  stopConnections(): void
  /** Sends a message to the worker. A worker that is just exiting does not receive it. */
  send(message: ToWorker): void
  /** Ends a worker that hangs, with a trace for later inspection if the platform has one. */
  abort(): void
  /** Kills it. */
  kill(): void
}

/** Starts the process or thread for the worker with this stable number. Throws what the platform throws. */
export type Spawn = (worker: number) => Child

/** Starts the workers of a primary, and closes their ports. */
export interface Spawner {
  readonly spawn: Spawn
  /**
   * Stops new connections on the ports of the workers permanently, and closes those on which the primary accepts.
   * Resolves when the connections that have begun are with a worker, or after a second for each of the two steps.
   */
  stopAccepting(): Promise<void>
}

/** How a worker exited. */
export interface Exit {
  /** Null if a signal ended it. */
  readonly code: number | null
  /** With SIG; null if it has an exit code. */
  readonly signal: string | null
  /** The reason if the primary did not request the exit. */
  readonly reason: RestartReason
}
