import { accessSync, closeSync, constants, fstatSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promherdError } from '../../base/errors.ts'
import { hasCode, isShared, listNames, ownUser, removeFile, shareDirectory, statFile } from '../../files/files.ts'
import { isWrittenByPromherd } from './file-origin.ts'

/** The directory of a herd: its file names, whether it can be trusted, and how it is cleared. */

export const RETIRED_VALUES = 'retired.values'
export const RETIRED_CATALOG = 'retired.catalog'
/** The lock of the one process that retires the stores of exited processes, the leader of the directory. */
export const LEADER = 'leader'

/** A store, as described by its file names. */
export interface StoreName {
  readonly worker: number
  readonly id: number
  /** The file name without its extension. */
  readonly base: string
}

/** The files of a store. The values file is removed first: without it the store is no longer listed. */
const PARTS = ['values', 'catalog', 'exemplars', 'values.draft', 'catalog.draft', 'exemplars.draft'] as const
type Part = (typeof PARTS)[number]

const STORE_FILE = /^(\d{1,9})-([0-9a-z]{1,10})\.((?:values|catalog|exemplars)(?:\.draft)?)$/
const RETIRED_FILE = /^retired\.(?:values|catalog)(?:\.draft)?$/
const LOCK_FILE = /^(?:leader|worker-\d{1,7})\.(?:\d{1,9}|draft-[0-9a-f-]{36})$/

/** Parses the name of a file; undefined if it is not a store's. */
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

/** True for the name of a lock, or of a draft of one. */
export function isLockFile(name: string): boolean {
  return LOCK_FILE.test(name)
}

/** The stores that have a values file now. Throws the errors of the file system. */
export function listStores(directory: string): StoreName[] {
  const stores: StoreName[] = []
  for (const name of listNames(directory)) {
    const file = parseStoreFile(name)
    if (file?.part === 'values') stores.push({ worker: file.worker, id: file.id, base: file.base })
  }
  return stores
}

/** The stores that have files of any kind, each once. Throws the errors of the file system. */
export function listStoreFiles(directory: string): StoreName[] {
  const stores = new Map<string, StoreName>()
  for (const name of listNames(directory)) {
    const file = parseStoreFile(name)
    if (file !== undefined) stores.set(file.base, { worker: file.worker, id: file.id, base: file.base })
  }
  return [...stores.values()]
}

/** Removes the files of a store; some of them may already be removed. */
export function removeStore(directory: string, store: StoreName): void {
  for (const part of PARTS) removeFile(join(directory, `${store.base}.${part}`))
}

/**
 * The files of a herd: of stores, including incomplete ones, and of retired totals. Throws the errors of the file
 * system.
 */
export function listHerdFiles(directory: string): string[] {
  return listNames(directory).filter(name => parseStoreFile(name) !== undefined || RETIRED_FILE.test(name))
}

/** Removes those of the files, left by an earlier herd, whose content shows that promherd wrote them. */
export function clearDirectory(directory: string, files: readonly string[] = listHerdFiles(directory)): void {
  const ours = files.filter(name => isWrittenByPromherd(directory, name))
  for (const name of ours) removeFile(join(directory, name))
}

/** Identifies the directory behind a path: the identity changes if the directory is removed and created again. */
export function identityOf(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false })
  return stat?.isDirectory() === true ? `${stat.dev}:${stat.ino}` : undefined
}

/**
 * Removes a directory that promherd created for our own user, if it is unused, and leaves files of other programs. The
 * directory is held open meanwhile, so that names refer to it even if another one takes its place. Returns false if it
 * stays.
 */
export function removeCreatedDirectory(path: string, isUnused: (directory: string) => boolean = () => true): boolean {
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)
  const before = statFile(path)
  if (before === undefined || !isPrivate(before)) return false
  // Windows cannot open directories.
  if (process.platform === 'win32') return emptyAndRemove(path, path, isUnused)
  const fd = openSync(path, flags | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!isPrivate(stat) || stat.ino !== before.ino) return false
    const held = `/proc/self/fd/${fd}`
    return emptyAndRemove(path, identityOf(held) === undefined ? path : held, isUnused)
  } finally {
    closeSync(fd)
  }
}

function emptyAndRemove(path: string, held: string, isUnused: (directory: string) => boolean): boolean {
  if (!isUnused(held)) return false
  const identity = identityOf(held)
  for (const name of listNames(held)) if (isHerdName(name)) removeFile(join(held, name))
  if (listNames(held).length > 0 || identityOf(path) !== identity) return false
  // If the path is now a link, or a directory with files in it, this removes nothing.
  rmdirSync(path)
  return true
}

/** True for each file name that promherd uses in the directory of a herd. */
function isHerdName(name: string): boolean {
  return STORE_FILE.test(name) || RETIRED_FILE.test(name) || LOCK_FILE.test(name)
}

function isPrivate(stat: { isDirectory(): boolean; uid: number; mode: number }): boolean {
  if (!stat.isDirectory()) return false
  const user = ownUser()
  return user === undefined || (stat.uid === user && (stat.mode & 0o777) === 0o700)
}

/** How a given directory is used. */
interface DirectoryUse {
  /** True if other users may own it and may write to it. */
  readonly shared?: boolean | undefined
}

/**
 * Makes sure that a given directory exists, is writable, and is not writable by other users.
 * @throws ERR_PROMHERD_DIRECTORY
 */
export function useDirectory(directory: string, { shared = false }: DirectoryUse = {}): void {
  try {
    if (shared) shareDirectory(directory)
    makePath(resolve(directory))
    checkDirectory(directory)
  } catch (error) {
    throw directoryError(directory, error)
  }
}

/**
 * The reason why an existing directory cannot be used, as a promherd error; undefined if it can be used. Changes
 * nothing.
 */
export function unusableReason(directory: string): Error | undefined {
  try {
    checkDirectory(directory)
    return undefined
  } catch (error) {
    return directoryError(directory, error)
  }
}

/**
 * True if the path itself is wrong, and no change of permissions or free space would make it a directory. This is the
 * only error that stops an application at startup; after any other one it starts and records elsewhere.
 */
export function isWrongPath(error: unknown): boolean {
  const cause = (error as Error | undefined)?.cause
  return cause instanceof NotADirectory || WRONG_PATH.some(code => hasCode(cause, code))
}

const WRONG_PATH = ['ENOTDIR', 'ENOENT', 'ENAMETOOLONG', 'ELOOP', 'EINVAL'] as const

class NotADirectory extends Error {}

function checkDirectory(directory: string): void {
  const stat = statSync(directory)
  if (!stat.isDirectory()) throw new NotADirectory('it is not a directory')
  const user = ownUser()
  if (user !== undefined && !isShared(directory)) {
    const remedy = 'use one that only this user can write, or accept it with `sharedDirectory`'
    if (stat.uid !== user) throw new Error(`it belongs to another user, uid ${stat.uid}: ${remedy}`)
    const mode = (stat.mode & 0o777).toString(8)
    if ((stat.mode & 0o022) !== 0) throw new Error(`other users can write to it, mode ${mode}: ${remedy}`)
  }
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
}

function directoryError(directory: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  return Object.assign(promherdError('ERR_PROMHERD_DIRECTORY', directory, reason), { cause: error })
}

/**
 * Creates a directory and its parents. Node's own recursive option never returns on file systems that deny that a path
 * can exist, such as /proc.
 */
function makePath(directory: string): void {
  const isThere = statSync(directory, { throwIfNoEntry: false }) !== undefined
  if (isThere) return
  const parent = dirname(directory)
  if (parent !== directory) makePath(parent)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // Another process may have created it in the meantime.
    if (!hasCode(error, 'EEXIST')) throw error
  }
}
