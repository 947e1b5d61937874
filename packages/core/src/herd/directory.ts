import { accessSync, constants, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promherdError } from '../errors.ts'

/** The names in a herd's directory, and who may make and clear it. */

export const RETIRED_VALUES = 'retired.values'
export const RETIRED_CATALOG = 'retired.catalog'
/** What the lock is on that the one process has which retires. */
export const KEEPER = 'keeper'

/** A store as its file names tell of it. */
export interface StoreName {
  readonly worker: number
  readonly id: number
  /** The names without the ending. */
  readonly base: string
}

/** The files of a store. The values are the first to be removed: without them the store is not listed any more. */
const PARTS = ['values', 'catalog', 'exemplars', 'exemplars.draft'] as const
type Part = (typeof PARTS)[number]

const STORE_FILE = /^(\d{1,9})-([0-9a-z]{1,10})\.(values|catalog|exemplars|exemplars\.draft)$/

/** What a file of the directory is: a store's, or nothing of ours. */
export function parseStoreFile(name: string): (StoreName & { part: Part }) | undefined {
  const match = STORE_FILE.exec(name)
  if (match === null) return undefined
  const [, worker, id, part] = match
  return {
    worker: Number(worker),
    id: Number.parseInt(id!, 36),
    base: `${worker}-${id}`,
    part: part as Part,
  }
}

/** The stores that have a values file now. Throws what the file system throws. */
export function listStores(directory: string): StoreName[] {
  const stores: StoreName[] = []
  for (const name of readdirSync(directory)) {
    const file = parseStoreFile(name)
    if (file?.part === 'values') stores.push({ worker: file.worker, id: file.id, base: file.base })
  }
  return stores
}

/** Removes the files of a store; it may have lost some of them already. */
export function removeStore(directory: string, store: StoreName): void {
  for (const part of PARTS) removeFile(join(directory, `${store.base}.${part}`))
}

/** Removes a file, and lets a directory in its place be: that is not ours. Throws what else the file system throws. */
function removeFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  rmSync(path, { force: true })
}

/** The files of a herd: stores, what is left of others, retired totals. Throws what the file system throws. */
export function listHerdFiles(directory: string): string[] {
  return readdirSync(directory).filter(name => parseStoreFile(name) !== undefined || name.startsWith('retired.'))
}

/** Removes these files, which an earlier herd has left. */
export function clearDirectory(directory: string, files: readonly string[] = listHerdFiles(directory)): void {
  for (const name of files) removeFile(join(directory, name))
}

/** A fresh private directory in memory where the platform has one, else among the temporary files. */
export function makeDirectory(): string {
  for (const parent of TEMPORARY) {
    try {
      return mkdtempSync(join(parent, DEFAULT_PREFIX))
    } catch {
      // Not there, or not ours to write: the next one.
    }
  }
  throw promherdError('ERR_PROMHERD_DIRECTORY', tmpdir(), 'no temporary directory could be made')
}

/** The directories that `makeDirectory` has made, for whoever clears those that nobody uses now. */
export function listMadeDirectories(): string[] {
  return TEMPORARY.flatMap(parent => {
    try {
      return readdirSync(parent)
        .filter(name => name.startsWith(DEFAULT_PREFIX) && name.length === DEFAULT_PREFIX.length + 6)
        .map(name => join(parent, name))
    } catch {
      return []
    }
  })
}

const TEMPORARY = ['/dev/shm', tmpdir()]
const DEFAULT_PREFIX = 'promherd-'

/**
 * Makes sure that a given directory is one, and can be written.
 * @throws ERR_PROMHERD_DIRECTORY
 */
export function useDirectory(directory: string): void {
  try {
    makePath(resolve(directory))
    if (!statSync(directory).isDirectory()) throw new Error('it is not a directory')
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw promherdError('ERR_PROMHERD_DIRECTORY', directory, error instanceof Error ? error.message : String(error))
  }
}

/**
 * Makes a directory, and those that it lies in. Node does that itself, but never comes back where the file system
 * denies that there is a place for it, as /proc does.
 */
function makePath(directory: string): void {
  const isThere = statSync(directory, { throwIfNoEntry: false }) !== undefined
  if (isThere) return
  const parent = dirname(directory)
  if (parent !== directory) makePath(parent)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
