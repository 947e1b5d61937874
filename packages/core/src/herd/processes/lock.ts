import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { lacksDescriptors } from '../../files/descriptors.ts'
import {
  hasCode,
  linkFile,
  listNames,
  readShort,
  removeFile,
  statFile,
  touchFile,
  writeNew,
} from '../../files/files.ts'
import { isOwnerAlive, type Owner, ownerIdentity } from '../../files/owner.ts'

/**
 * A lock on something in a directory that one process or thread can have at a time, such as being the leader. If the
 * holder exits, another process can take the lock over.
 *
 * The lock is a file `<what>.N` that identifies its holder; the highest N holds the lock. To replace an exited holder,
 * a process links the next number into place, which only one process can do. For a holder in another pid namespace it
 * is unknown whether it is running, so holders touch their files, and such a lock expires after `STALE_AFTER_MS`.
 */
export class DirectoryLock {
  /** The path of the lock's files, without the number. */
  readonly #path: string
  readonly #number: number
  /** Distinguishes this holder from others: pids are the same in many containers. */
  readonly #token: string = randomUUID()

  private constructor(path: string, number: number) {
    this.#path = path
    this.#number = number
  }

  /** The lock on `what`, or the pid of the process that holds it. Throws the errors of the file system. */
  static take(directory: string, what: string): DirectoryLock | { readonly heldBy: number } {
    const path = join(directory, what)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const current = highest(path)
      const holder = current === 0 ? undefined : readHolder(path, current)
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid }
      if (current === MAX_NUMBER) {
        // Start again at 1: this number is reached only by damage.
        removeFile(`${path}.${current}`)
        continue
      }
      const lock = new DirectoryLock(path, current + 1)
      if (!lock.#claim()) continue
      const rival = lock.#rival()
      if (highest(path) === current + 1 && rival === undefined) {
        if (holder !== undefined) removeFile(`${path}.${current}`)
        return lock
      }
      lock.release()
      if (rival !== undefined) return { heldBy: rival.pid }
    }
    throw new Error(`${path} could not be locked in ${MAX_ATTEMPTS} attempts`)
  }

  /** False once another process has taken the lock because this holder seemed to have exited. */
  isHeld(): boolean {
    try {
      return highest(this.#path) === this.#number && this.#isOwn()
    } catch (error) {
      return lacksDescriptors(error)
    }
  }

  /** Shows that the holder is running. Call it every few seconds. */
  touch(): void {
    try {
      touchFile(`${this.#path}.${this.#number}`)
    } catch {
      // The directory was removed, or the lock was taken by another process: isHeld reports it.
    }
  }

  release(): void {
    try {
      if (this.#isOwn()) removeFile(`${this.#path}.${this.#number}`)
    } catch {
      // The directory is not writable any more: the lock ends when its holder exits.
    }
  }

  #isOwn(): boolean {
    return readHolder(this.#path, this.#number)?.token === this.#token
  }

  /** A running holder of a lower number: numbers start again at 1 once a lock is released. */
  #rival(): Holder | undefined {
    return numbers(this.#path)
      .filter(number => number < this.#number)
      .map(number => readHolder(this.#path, number))
      .find(holder => holder !== undefined && isAlive(holder))
  }

  /** A link appears completely or not at all: no reader sees a partly written holder. */
  #claim(): boolean {
    const draft = `${this.#path}.draft-${this.#token}`
    try {
      const holder = { ...ownerIdentity(), token: this.#token }
      writeNew(draft, JSON.stringify(holder))
      linkFile(draft, `${this.#path}.${this.#number}`)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    } finally {
      removeFile(draft)
    }
  }
}

interface Holder extends Owner {
  readonly token: string
  readonly touchedAt: number
}

const STALE_AFTER_MS = 30_000
const DRAFT = /^(?:leader|worker-\d{1,7})\.draft-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NUMBER = /^[1-9]\d{0,8}$/
const MAX_NUMBER = 999_999_999
/** Each failed attempt means that another process succeeded. */
const MAX_ATTEMPTS = 1000
/** A holder takes about 150 bytes. */
const MAX_HOLDER_BYTES = 1024
/** The age of a draft after which its process must have linked or removed it. */
const DRAFT_MS = 10_000

/** Whether a running process holds the lock on `what`. Throws the errors of the file system. */
export function isHeldByRunningProcess(directory: string, what: string): boolean {
  const path = join(directory, what)
  return numbers(path).some(number => {
    const holder = readHolder(path, number)
    return holder !== undefined && isAlive(holder)
  })
}

/** Removes drafts of processes that were killed while they took a lock. Throws the errors of the file system. */
export function removeLockDrafts(directory: string): void {
  for (const name of listNames(directory)) {
    if (!DRAFT.test(name)) continue
    const path = join(directory, name)
    const stat = statFile(path)
    const isOld = stat?.isFile() === true && Date.now() - stat.mtimeMs > DRAFT_MS
    if (isOld && stat.size <= MAX_HOLDER_BYTES) removeFile(path)
  }
}

function isAlive(holder: Holder): boolean {
  return isOwnerAlive(holder, holder.touchedAt, STALE_AFTER_MS)
}

function highest(path: string): number {
  return Math.max(0, ...numbers(path))
}

function numbers(path: string): number[] {
  const start = `${basename(path)}.`
  return listNames(dirname(path))
    .filter(name => name.startsWith(start) && NUMBER.test(name.slice(start.length)))
    .map(name => Number(name.slice(start.length)))
}

function readHolder(path: string, number: number): Holder | undefined {
  const file = `${path}.${number}`
  try {
    const { bytes, stat } = readShort(file, MAX_HOLDER_BYTES)
    const { pid, pidNamespace, startTicks, threadId = 0, token } = JSON.parse(bytes.toString())
    const isWhole = [pid, pidNamespace, startTicks, threadId].every(Number.isSafeInteger) && pid > 0
    if (!isWhole || typeof token !== 'string') return undefined
    return { pid, pidNamespace, startTicks, threadId, token, touchedAt: stat.mtimeMs }
  } catch (error) {
    // A lock that cannot be read because no descriptor is free may still have a holder.
    if (lacksDescriptors(error)) throw error
    return undefined
  }
}
