import { accessSync, closeSync, constants, fstatSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promherdError } from '../errors.ts'
import { hasCode, isShared, listNames, ownUser, removeFile, shareDirectory, statFile } from '../store/files.ts'
import { isOurs } from './ours.ts'

/** The directory of a herd: which names it has, whether it can be trusted, and how it is cleared. */

export const RETIRED_VALUES = 'retired.values'
export const RETIRED_CATALOG = 'retired.catalog'
/** The lock of the one process that retires the stores of exited processes, the leader of the directory. */
export const KEEPER = 'keeper'

/** A store as its file names tell of it. */
export interface StoreName {
  readonly worker: number
  readonly id: number
  /** The names without the ending. */
  readonly base: string
}

/** The files of a store. The values are the first to be removed: without them the store is not listed any more. */
const PARTS = ['values', 'catalog', 'exemplars', 'values.draft', 'catalog.draft', 'exemplars.draft'] as const
type Part = (typeof PARTS)[number]

const STORE_FILE = /^(\d{1,9})-([0-9a-z]{1,10})\.((?:values|catalog|exemplars)(?:\.draft)?)$/
const RETIRED_FILE = /^retired\.(?:values|catalog)(?:\.draft)?$/
const LOCK_FILE = /^(?:keeper|worker-\d{1,7})\.(?:\d{1,9}|draft-[0-9a-f-]{36})$/

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

/** True for the name of a lock, or of a draft of one. */
export function isLockFile(name: string): boolean {
  return LOCK_FILE.test(name)
}

/** The stores that have a values file now. Throws what the file system throws. */
export function listStores(directory: string): StoreName[] {
  const stores: StoreName[] = []
  for (const name of listNames(directory)) {
    const file = parseStoreFile(name)
    if (file?.part === 'values') stores.push({ worker: file.worker, id: file.id, base: file.base })
  }
  return stores
}

/** The stores that have files of any kind, each once. Throws what the file system throws. */
export function listStoreFiles(directory: string): StoreName[] {
  const stores = new Map<string, StoreName>()
  for (const name of listNames(directory)) {
    const file = parseStoreFile(name)
    if (file !== undefined) stores.set(file.base, { worker: file.worker, id: file.id, base: file.base })
  }
  return [...stores.values()]
}

/** Removes the files of a store; it may have lost some of them already. */
export function removeStore(directory: string, store: StoreName): void {
  for (const part of PARTS) removeFile(join(directory, `${store.base}.${part}`))
}

/** The files of a herd: stores, what is left of others, retired totals. Throws what the file system throws. */
export function listHerdFiles(directory: string): string[] {
  return listNames(directory).filter(name => parseStoreFile(name) !== undefined || RETIRED_FILE.test(name))
}

/** Removes these files, which an earlier herd has left, where their content says that promherd wrote them. */
export function clearDirectory(directory: string, files: readonly string[] = listHerdFiles(directory)): void {
  // Values before catalogs: an empty values file is recognised by its catalog.
  const ours = files.filter(name => isOurs(directory, name))
  for (const name of ours) removeFile(join(directory, name))
}

/** Which directory a path leads to: it is another one once it was removed and made anew. */
export function identityOf(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false })
  return stat?.isDirectory() === true ? `${stat.dev}:${stat.ino}` : undefined
}

/**
 * Removes a directory of our own user that promherd has made, if nothing in it is used, and leaves what is not ours. It
 * is held open meanwhile, so that names are of this directory whatever takes its place. False where it stays.
 */
export function removeMadeDirectory(path: string, isUnused: (directory: string) => boolean = () => true): boolean {
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)
  const before = statFile(path)
  if (before === undefined || !isPrivate(before)) return false
  // Windows opens no directory.
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
  // Of a link in its place, or of a directory with files in it, this removes nothing.
  rmdirSync(path)
  return true
}

/** True for each name that promherd gives to files in the directory of a herd. */
function isHerdName(name: string): boolean {
  return STORE_FILE.test(name) || RETIRED_FILE.test(name) || LOCK_FILE.test(name)
}

function isPrivate(stat: { isDirectory(): boolean; uid: number; mode: number }): boolean {
  if (!stat.isDirectory()) return false
  const user = ownUser()
  return user === undefined || (stat.uid === user && (stat.mode & 0o777) === 0o700)
}

/** How a given directory is used. */
export interface DirectoryUse {
  /** True where other users may own it, and may write to it. */
  readonly shared?: boolean | undefined
}

/**
 * Makes sure that a given directory is there, can be written, and cannot be written by other users.
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

/** Why a directory that is there cannot be used, as an error of ours; undefined where it can. Changes nothing. */
export function whyUnusable(directory: string): Error | undefined {
  try {
    checkDirectory(directory)
    return undefined
  } catch (error) {
    return directoryError(directory, error)
  }
}

/**
 * True where the path itself is wrong, and no change of rights or room would make it a directory. An application is
 * told so at its start; with any other trouble it starts, and records elsewhere.
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
    // Another process may have made it meanwhile.
    if (!hasCode(error, 'EEXIST')) throw error
  }
}
