import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * The only module that opens, lists, renames or removes files in the directory of a herd.
 *
 * The directory may be in a place where every local user can write, and other programs may put files into it. So no
 * call here follows a link or waits for a pipe, a file must be a regular file of our own user, new files are created
 * exclusively, and nothing is removed recursively. All functions throw the errors of the file system.
 */

/** Opens an existing file, for reading unless `flags` say otherwise. The caller closes the descriptor. */
export function openFile(path: string, flags: number = constants.O_RDONLY): number {
  // Without O_NOFOLLOW (Windows) the path is checked first, and the file could be replaced before it is opened.
  if (constants.O_NOFOLLOW === undefined) refuseOthers(path, lstatSync(path))
  const fd = openSync(path, flags | SAFE)
  try {
    refuseOthers(path, fstatSync(fd))
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Creates a file that does not exist yet, for reading and writing; `flags` can add, for example, appending. */
export function createFile(path: string, flags = 0): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | flags | SAFE, FILE_MODE)
}

/** Opens a file for appending, and creates it if it does not exist. */
export function openToAppend(path: string): number {
  try {
    return openFile(path, constants.O_RDWR | constants.O_APPEND)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return createFile(path, constants.O_APPEND)
  }
}

/** Creates a draft and replaces one that an earlier process may have left. */
export function createDraft(path: string): number {
  removeFile(path)
  return createFile(path)
}

/** The content of a short file. Throws if it is longer than `maxBytes`, or not a regular file of our user. */
export function readShort(path: string, maxBytes: number): { readonly bytes: Buffer; readonly stat: Stats } {
  const fd = openFile(path)
  try {
    const stat = fstatSync(fd)
    if (stat.size > maxBytes) throw new Error(`${path} has ${stat.size} bytes, and at most ${maxBytes} are read`)
    return { bytes: readStart(fd, maxBytes), stat }
  } finally {
    closeSync(fd)
  }
}

/** The first bytes of an open file, at most `maxBytes`. */
export function readStart(fd: number, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(maxBytes)
  let done = 0
  while (done < maxBytes) {
    const read = readSync(fd, bytes, done, maxBytes - done, done)
    if (read === 0) break
    done += read
  }
  return bytes.subarray(0, done)
}

/** Writes a new file completely, or leaves none. */
export function writeNew(path: string, content: string): void {
  const fd = createFile(path)
  try {
    writeWhole(fd, Buffer.from(content), 0)
  } catch (error) {
    removeFile(path)
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Writes all bytes to an open file. */
export function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

/** Removes a file, or a link itself and not its target. A directory at this path stays: promherd did not create it. */
export function removeFile(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || stat.isDirectory()) return
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** Replaces one file with another atomically. */
export function replaceFile(draft: string, path: string): void {
  renameSync(draft, path)
}

/** Gives a file a second name, if that name is free. */
export function linkFile(path: string, name: string): void {
  linkSync(path, name)
}

/** Sets the modification time of a file to now. */
export function touchFile(path: string): void {
  const fd = openFile(path)
  try {
    const now = new Date()
    futimesSync(fd, now, now)
  } finally {
    closeSync(fd)
  }
}

/** The stat of this path, of a link itself and not of its target; undefined if nothing exists there. */
export function statFile(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** The names in a directory. */
export function listNames(directory: string): string[] {
  return readdirSync(directory)
}

/** From now on, accepts files of other users in this directory. */
export function shareDirectory(directory: string): void {
  SHARED.add(resolve(directory))
}

/** True if files of other users are accepted. */
export function isShared(directory: string): boolean {
  return SHARED.size > 0 && SHARED.has(resolve(directory))
}

/** The user id of this process; undefined if the platform has none. */
export function ownUser(): number | undefined {
  return process.geteuid?.()
}

export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code
}

function refuseOthers(path: string, stat: Stats): void {
  if (!stat.isFile()) throw new Error(`${path} is no regular file`)
  const user = ownUser()
  if (user === undefined || stat.uid === user || isShared(dirname(path))) return
  throw new Error(`${path} belongs to another user (uid ${stat.uid}), and this process is of uid ${user}`)
}

const FILE_MODE = 0o600
const SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
/** The directories that other users may write to, by absolute path. */
const SHARED = new Set<string>()
