import type { Worker } from 'node:worker_threads'
import type { RestartReason } from '../metrics.ts'
import type { ToWorker } from './messages.ts'

/**
 * What a worker runs in, just started: a process, or a thread. It says what happens and does what it is told; what
 * that means for the worker its handle knows, and the slot decides.
 */
export interface Spawned {
  /** Undefined for a process that never came to be. */
  readonly pid: number | undefined
  /** Where it is a thread, Node's own object for it. */
  readonly thread?: Worker
  /** What it is, in words: `process 4121`, `thread 3`. */
  readonly name: string
  /** Resolves when it is gone and all that it had said is heard, whatever became of it. */
  readonly exited: Promise<Exit>
  /** Hears all that the worker says, from its first word on; other messages than ours among it. */
  listen(hear: (message: unknown) => void): void
  /** Gives no new connection to the worker, where the primary is what hands them out. */
  withhold(): void
  /** Says something to the worker. One that is just ending does not hear it. */
  send(message: ToWorker): void
  /** Ends one that hangs, with a trace for those who want to look where the platform has one. */
  abort(): void
  /** Ends it at once. */
  kill(): void
}

/** Starts the process or thread for a worker's stable small number. Throws what the platform throws. */
export type Spawn = (slot: number) => Spawned

/** What a primary starts its workers with. */
export interface Spawner {
  readonly spawn: Spawn
  /**
   * Has the ports of the workers begin no new connection, for good, and closes those that the primary accepts on.
   * Resolves when the connections that have begun are with a worker, or after a second for each of the two steps.
   */
  stopAccepting(): Promise<void>
}

/** How a worker ended. */
export interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null
  /** With SIG; null where it has an exit code. */
  readonly signal: string | null
  /** What that means where nobody has asked for it. */
  readonly reason: RestartReason
}
