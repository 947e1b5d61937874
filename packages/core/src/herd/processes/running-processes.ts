import { join } from 'node:path'
import { lacksDescriptors } from '../../files/descriptors.ts'
import { statFile } from '../../files/files.ts'
import { listHerdFiles, listStores, parseStoreFile, type StoreName } from '../directory/directory.ts'
import { isWrittenByPromherd } from '../directory/file-origin.ts'
import { StoreReader } from '../reading/reader.ts'

/** How long a process in another container may show no activity before it counts as exited. */
export const STALE_AFTER_MS = 60_000

/** The maximum time between a store's first file and its header. */
const MAKING_MS = 10_000

/**
 * The files that an earlier herd left in the directory; undefined if any of their owners is running or is just creating
 * its store. Stores that appear after the directory was listed are not in the result. Throws the errors of the file
 * system.
 */
export function leftovers(directory: string, staleAfterMs: number = STALE_AFTER_MS): string[] | undefined {
  const files = listHerdFiles(directory)
  const isUsed = files.some(file => isInTheMaking(directory, file)) || isAnyOwnerAlive(directory, staleAfterMs)
  return isUsed ? undefined : files
}

/** Whether any store of the directory has a running owner. Throws the errors of the file system. */
function isAnyOwnerAlive(directory: string, staleAfterMs: number = STALE_AFTER_MS): boolean {
  return listStores(directory).some(name => isAlive(directory, name, staleAfterMs))
}

/** The numbers of the workers whose stores have a running owner. Throws the errors of the file system. */
export function runningWorkers(directory: string): ReadonlySet<number> {
  const living = listStores(directory).filter(name => isAlive(directory, name, STALE_AFTER_MS))
  return new Set(living.map(({ worker }) => worker))
}

function isAlive(directory: string, name: StoreName, staleAfterMs: number): boolean {
  let reader: StoreReader
  try {
    reader = StoreReader.open(directory, name)
  } catch (error) {
    // A failed read because of missing descriptors does not show that the owner has exited.
    if (lacksDescriptors(error)) throw error
    return false
  }
  reader.refreshHeader()
  const alive = reader.isReadable && !reader.isAbandoned(staleAfterMs)
  reader.close()
  return alive
}

/**
 * A store is created catalog first, and is identified by the header of its values file: in between, its owner is
 * unknown.
 */
function isInTheMaking(directory: string, file: string): boolean {
  const store = parseStoreFile(file)
  if (store?.part !== 'values' && store?.part !== 'catalog') return false
  const stat = statFile(join(directory, file))
  if (stat?.isFile() !== true || Math.abs(Date.now() - stat.mtimeMs) > MAKING_MS) return false
  return isWrittenByPromherd(directory, file) && !hasHeader(directory, store)
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
