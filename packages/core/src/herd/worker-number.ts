import { livingWorkers } from './living.ts'
import { DirectoryLock } from './lock.ts'

/**
 * A worker's number where nobody gives one: the least that no living process of the directory has. It is given back
 * when the process closes its monitor, or is gone. Throws what the file system throws.
 */
export function claimWorkerNumber(directory: string): { readonly worker: number; readonly lock: DirectoryLock } {
  // Those that were given their numbers have no lock on them.
  const given = livingWorkers(directory)
  for (let worker = 1; ; worker++) {
    if (given.has(worker)) continue
    const lock = DirectoryLock.take(directory, `worker-${worker}`)
    if (lock instanceof DirectoryLock) return { worker, lock }
  }
}
