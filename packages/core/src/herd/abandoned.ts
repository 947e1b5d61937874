import { readdirSync, rmSync } from 'node:fs'
import { KEEPER, listMadeDirectories } from './directory.ts'
import { isAnyOwnerAlive } from './living.ts'
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
      if (!hadKeeper || isHeldByTheLiving(directory, KEEPER) || isAnyOwnerAlive(directory)) continue
      rmSync(directory, { recursive: true, force: true })
    } catch {
      // Somebody else's, or gone by now.
    }
  }
}
