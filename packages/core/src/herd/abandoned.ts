import { listNames, statFile } from '../store/files.ts'
import { clearDirectory, isLockFile, KEEPER, removeMadeDirectory } from './directory.ts'
import { leftovers } from './living.ts'
import { isHeldByTheLiving } from './lock.ts'
import { listMadeDirectories } from './made-directories.ts'

/** How long a directory may be there before its primary has locked it. */
const MAKING_MS = 10_000

/** Removes the directories of primaries that were killed before they could do so themselves, in whatever state. */
export function removeAbandonedDirectories(): void {
  for (const directory of listMadeDirectories()) {
    try {
      removeMadeDirectory(directory, isAbandoned)
    } catch {
      // Removed by another process meanwhile, or no descriptor is left: the next start does it.
    }
  }
}

/** Removes the files of a herd that has ended from a directory that stays, unless a process still uses them. */
export function clearAbandoned(directory: string): void {
  try {
    const left = leftovers(directory)
    if (left !== undefined && !isHeldByTheLiving(directory, KEEPER)) clearDirectory(directory, left)
  } catch {
    // Gone by now; or the next start has to do it.
  }
}

/** No process holds a lock in it or has a store there. One without a lock is left alone while it is young: its primary may be starting. */
function isAbandoned(directory: string): boolean {
  const locks = new Set(listNames(directory).filter(isLockFile).map(lockOf))
  if ([...locks].some(what => isHeldByTheLiving(directory, what))) return false
  // `directory` may be a link to what is held open.
  const age = Date.now() - (statFile(`${directory}/.`)?.mtimeMs ?? Date.now())
  if (!locks.has(KEEPER) && age < MAKING_MS) return false
  return leftovers(directory) !== undefined
}

function lockOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}
