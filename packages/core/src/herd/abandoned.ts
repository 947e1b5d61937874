import { readdirSync, rmSync } from 'node:fs'
import { clearDirectory, KEEPER, listMadeDirectories } from './directory.ts'
import { leftovers } from './living.ts'
import { isHeldByTheLiving } from './lock.ts'

const LOCK = new RegExp(`^${KEEPER}\\.\\d+$`)

/**
 * Removes the directories of primaries that were killed before they could do so themselves. One that has no lock yet
 * is just being made, and stays.
 */
export function removeAbandonedDirectories(): void {
  for (const directory of listMadeDirectories()) {
    try {
      const hadKeeper = readdirSync(directory).some(name => LOCK.test(name))
      if (!hadKeeper || isHeldByTheLiving(directory, KEEPER) || leftovers(directory) === undefined) continue
      rmSync(directory, { recursive: true, force: true })
    } catch {
      // Somebody else's, or gone by now.
    }
  }
}

/** Removes the files of a herd that has ended from a directory that stays, unless somebody still uses them. */
export function clearAbandoned(directory: string): void {
  try {
    const left = leftovers(directory)
    if (left !== undefined && !isHeldByTheLiving(directory, KEEPER)) clearDirectory(directory, left)
  } catch {
    // Gone by now; or the next start has to do it.
  }
}
