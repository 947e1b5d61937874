import { listNames, statFile } from '../../files/files.ts'
import { listCreatedDirectories } from '../directory/created-directories.ts'
import { clearDirectory, isLockFile, LEADER, removeCreatedDirectory } from '../directory/directory.ts'
import { isHeldByRunningProcess } from './lock.ts'
import { leftovers } from './running-processes.ts'

/** The maximum time between the creation of a directory and its primary's lock. */
const MAKING_MS = 10_000

/** Removes the directories of primaries that were killed before they could remove them, in whatever state. */
export function removeAbandonedDirectories(): void {
  for (const directory of listCreatedDirectories()) {
    try {
      removeCreatedDirectory(directory, isAbandoned)
    } catch {
      // Removed by another process in the meantime, or no descriptor is free: the next start removes it.
    }
  }
}

/** Removes the files of a herd that has ended from a directory that stays, unless a running process uses them. */
export function clearAbandoned(directory: string): void {
  try {
    const left = leftovers(directory)
    if (left !== undefined && !isHeldByRunningProcess(directory, LEADER)) clearDirectory(directory, left)
  } catch {
    // Already removed; otherwise the next start removes them.
  }
}

/**
 * True if no running process holds a lock in the directory or has a store there. A directory without a lock is left
 * alone while it is young: its primary may be starting.
 */
function isAbandoned(directory: string): boolean {
  const locks = new Set(listNames(directory).filter(isLockFile).map(lockOf))
  if ([...locks].some(what => isHeldByRunningProcess(directory, what))) return false
  // `directory` may be a link to the open descriptor.
  const age = Date.now() - (statFile(`${directory}/.`)?.mtimeMs ?? Date.now())
  if (!locks.has(LEADER) && age < MAKING_MS) return false
  return leftovers(directory) !== undefined
}

function lockOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}
