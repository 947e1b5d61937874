import { DirectoryLock } from '../herd/lock.ts'
import { lockOnNumber } from '../herd/worker-number.ts'

/**
 * The numbers of the workers, held for them in the directory. A worker has its number from the start, but a store that
 * tells of it only when it has come up: who looks for a number meanwhile, such as a child of another worker, must not
 * take that one.
 */
export class HeldNumbers {
  readonly #directory: string | undefined
  readonly #locks = new Map<number, DirectoryLock>()

  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** Holds those from 1 to `workers` that are free, and gives back those above. Never throws. */
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
      // Nobody can write there: the workers will say so, and nobody looks for a number.
    }
  }
}
