import { livingWorkers } from './living.ts'
import { DirectoryLock } from './lock.ts'

/**
 * A worker's number where nobody gives one: the least that no living process of the directory has. It is given back
 * when the process closes its monitor, or is gone. Throws what the file system throws.
 */
export function claimWorkerNumber(directory: string): { readonly worker: number; readonly lock: DirectoryLock } {
  // Those that were given their numbers by somebody else than a primary of ours have no lock on them.
  const given = livingWorkers(directory)
  for (let worker = 1; ; worker++) {
    if (given.has(worker)) continue
    const lock = lockOnNumber(directory, worker)
    if (lock instanceof DirectoryLock) return { worker, lock }
  }
}

/** The lock on the number of a worker, or who has it. Throws what the file system throws. */
export function lockOnNumber(directory: string, worker: number): ReturnType<typeof DirectoryLock.take> {
  return DirectoryLock.take(directory, `worker-${worker}`)
}
