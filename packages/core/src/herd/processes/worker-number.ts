import { DirectoryLock } from './lock.ts'
import { runningWorkers } from './running-processes.ts'

/**
 * The number of a worker without an assigned number: the lowest number that no running process in the directory uses.
 * It is released when the process closes its monitor or exits. Throws the errors of the file system.
 */
export function claimWorkerNumber(directory: string): { readonly worker: number; readonly lock: DirectoryLock } {
  // Workers whose numbers were assigned without a promherd primary have no lock on them.
  const given = runningWorkers(directory)
  for (let worker = 1; ; worker++) {
    if (given.has(worker)) continue
    const lock = lockOnNumber(directory, worker)
    if (lock instanceof DirectoryLock) return { worker, lock }
  }
}

/** The lock on the number of a worker, or the pid of its holder. Throws the errors of the file system. */
export function lockOnNumber(directory: string, worker: number): ReturnType<typeof DirectoryLock.take> {
  return DirectoryLock.take(directory, `worker-${worker}`)
}
