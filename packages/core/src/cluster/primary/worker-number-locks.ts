import { DirectoryLock } from '../../herd/processes/lock.ts'
import { lockOnNumber } from '../../herd/processes/worker-number.ts'

/**
 * Locks on the numbers of the workers, in the directory of the herd. A worker has its number from the start, but its
 * store contains it only after the worker has started. Another process that takes a free number meanwhile, such as a
 * child process of another worker, must not take that one.
 */
export class WorkerNumberLocks {
  readonly #directory: string | undefined
  readonly #locks = new Map<number, DirectoryLock>()

  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** Locks the free numbers from 1 to `workers`, and releases the locks on those above. Never throws. */
  lockUpTo(workers: number): void {
    if (this.#directory === undefined) return
    for (let number = 1; number <= workers; number++) if (!this.#locks.has(number)) this.#lock(this.#directory, number)
    for (const [number, lock] of this.#locks) {
      if (number <= workers) continue
      lock.release()
      this.#locks.delete(number)
    }
  }

  #lock(directory: string, number: number): void {
    try {
      const lock = lockOnNumber(directory, number)
      if (lock instanceof DirectoryLock) this.#locks.set(number, lock)
    } catch {
      // No process can write there: the workers report that, and no process takes a number.
    }
  }
}
