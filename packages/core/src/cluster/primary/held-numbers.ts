import { DirectoryLock } from '../../herd/processes/lock.ts'
import { lockOnNumber } from '../../herd/processes/worker-number.ts'

/**
 * Locks in the directory on the numbers of the workers. A worker has its number from the start, but its store shows it
 * only after the worker has started. Another process that looks for a number meanwhile, such as a child of another
 * worker, must not take that one.
 */
export class HeldNumbers {
  readonly #directory: string | undefined
  readonly #locks = new Map<number, DirectoryLock>()

  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** Locks the free numbers from 1 to `workers`, and releases those above. Never throws. */
  hold(workers: number): void {
    if (this.#directory === undefined) return
    for (let number = 1; number <= workers; number++) if (!this.#locks.has(number)) this.#take(this.#directory, number)
    for (const [number, lock] of this.#locks) {
      if (number <= workers) continue
      lock.release()
      this.#locks.delete(number)
    }
  }

  #take(directory: string, number: number): void {
    try {
      const lock = lockOnNumber(directory, number)
      if (lock instanceof DirectoryLock) this.#locks.set(number, lock)
    } catch {
      // No process can write there: the workers report that, and no process looks for a number.
    }
  }
}
