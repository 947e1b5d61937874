import { listStores, type StoreName } from './directory.ts'
import { StoreReader } from './reader.ts'

/** How long a process in another container may give no sign before it is taken to be dead. */
export const STALE_AFTER_MS = 60_000

/** Whether any store of the directory has an owner that lives. Throws what the file system throws. */
export function isAnyOwnerAlive(directory: string, staleAfterMs: number = STALE_AFTER_MS): boolean {
  return listStores(directory).some(name => isAlive(directory, name, staleAfterMs))
}

/** The numbers of the workers whose stores have an owner that lives. Throws what the file system throws. */
export function livingWorkers(directory: string): ReadonlySet<number> {
  const living = listStores(directory).filter(name => isAlive(directory, name, STALE_AFTER_MS))
  return new Set(living.map(({ worker }) => worker))
}

function isAlive(directory: string, name: StoreName, staleAfterMs: number): boolean {
  let reader: StoreReader
  try {
    reader = StoreReader.open(directory, name)
  } catch {
    return false
  }
  reader.refreshHeader()
  const alive = reader.isReadable && !reader.isAbandoned(staleAfterMs)
  reader.close()
  return alive
}
