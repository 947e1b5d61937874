import { join } from 'node:path'
import { lacksDescriptors } from '../store/descriptors.ts'
import { statFile } from '../store/files.ts'
import { listHerdFiles, listStores, parseStoreFile, type StoreName } from './directory.ts'
import { isOurs } from './ours.ts'
import { StoreReader } from './reader.ts'

/** How long a process in another container may give no sign before it is taken to be dead. */
export const STALE_AFTER_MS = 60_000

/** How long a store may take from its first file to its header. */
const MAKING_MS = 10_000

/**
 * What an earlier herd has left in the directory; undefined where any of its owners lives, or is just making its store.
 * Who appears after this look is not in the answer. Throws what the file system throws.
 */
export function leftovers(directory: string, staleAfterMs: number = STALE_AFTER_MS): string[] | undefined {
  const files = listHerdFiles(directory)
  const isUsed = files.some(file => isInTheMaking(directory, file)) || isAnyOwnerAlive(directory, staleAfterMs)
  return isUsed ? undefined : files
}

/** Whether any store of the directory has an owner that lives. Throws what the file system throws. */
function isAnyOwnerAlive(directory: string, staleAfterMs: number = STALE_AFTER_MS): boolean {
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
  } catch (error) {
    // Not to be able to look is no sign that the owner is gone.
    if (lacksDescriptors(error)) throw error
    return false
  }
  reader.refreshHeader()
  const alive = reader.isReadable && !reader.isAbandoned(staleAfterMs)
  reader.close()
  return alive
}

/** A store begins with its catalog, and is known by the header of its values: between the two nobody can ask for it. */
function isInTheMaking(directory: string, file: string): boolean {
  const store = parseStoreFile(file)
  if (store?.part !== 'values' && store?.part !== 'catalog') return false
  const stat = statFile(join(directory, file))
  if (stat?.isFile() !== true || Math.abs(Date.now() - stat.mtimeMs) > MAKING_MS) return false
  return isOurs(directory, file) && !hasHeader(directory, store)
}

function hasHeader(directory: string, store: StoreName): boolean {
  try {
    const reader = StoreReader.open(directory, store)
    reader.refreshHeader()
    const isReadable = reader.isReadable
    reader.close()
    return isReadable
  } catch (error) {
    if (lacksDescriptors(error)) throw error
    return false
  }
}
