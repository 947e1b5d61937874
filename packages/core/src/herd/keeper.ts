import { linkSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownerIdentity, pidNamespaceOf, startTicksOf } from '../store/store.ts'

/**
 * Which one process retires: a lock that survives its holder's death.
 *
 * The lock is a file `keeper.N` that names its holder; the highest N holds. To take a dead holder's place is to link
 * the next number into place, which only one can. A holder in another pid namespace cannot be asked whether it lives,
 * so it touches its file, and is given up after `STALE_AFTER_MS`.
 */
export class KeeperLock {
  readonly #directory: string
  readonly #number: number

  private constructor(directory: string, number: number) {
    this.#directory = directory
    this.#number = number
  }

  /** The lock, or the pid of the process that has it. Throws what the file system throws. */
  static take(directory: string): KeeperLock | { readonly heldBy: number } {
    for (;;) {
      const current = highest(directory)
      const holder = current === 0 ? undefined : readHolder(directory, current)
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid }
      const lock = new KeeperLock(directory, current + 1)
      if (lock.#claim() && highest(directory) === current + 1) {
        rmSync(lockPath(directory, current), { force: true })
        return lock
      }
      lock.release()
    }
  }

  /** False once somebody else has taken it to be dead. */
  isHeld(): boolean {
    try {
      return highest(this.#directory) === this.#number && readHolder(this.#directory, this.#number)?.pid === process.pid
    } catch {
      return false
    }
  }

  /** Says that the holder lives. Call it every few seconds. */
  touch(): void {
    const now = new Date()
    try {
      utimesSync(lockPath(this.#directory, this.#number), now, now)
    } catch {
      // The directory is gone, or the lock was taken: isHeld tells.
    }
  }

  release(): void {
    if (readHolder(this.#directory, this.#number)?.pid === process.pid) {
      rmSync(lockPath(this.#directory, this.#number), { force: true })
    }
  }

  /** A link appears whole or not at all: nobody reads a half-written holder. */
  #claim(): boolean {
    const draft = join(this.#directory, `keeper.draft-${process.pid}-${ownerIdentity().pidNamespace}`)
    writeFileSync(draft, JSON.stringify({ pid: process.pid, ...ownerIdentity() }), { mode: 0o600 })
    try {
      linkSync(draft, lockPath(this.#directory, this.#number))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      rmSync(draft, { force: true })
    }
  }
}

interface Holder {
  readonly pid: number
  readonly pidNamespace: number
  readonly startTicks: number
  readonly touchedAt: number
}

const STALE_AFTER_MS = 30_000
const LOCK_FILE = /^keeper\.(\d+)$/

/** Names of the lock's files, for those who clear a directory. */
export function isLockFile(name: string): boolean {
  return name.startsWith('keeper.')
}

/**
 * Whether the process that bore `pid` still runs. In the same pid namespace that is a fact; in another it is a guess
 * from the time it last gave a sign.
 */
export function isOwnerAlive(
  owner: { pid: number; pidNamespace: number; startTicks: number },
  lastSignMs: number,
  staleAfterMs: number,
): boolean {
  if (owner.pidNamespace !== pidNamespaceOf('self')) return Date.now() - lastSignMs < staleAfterMs
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return owner.startTicks === 0 || startTicksOf(owner.pid) === owner.startTicks
}

function isAlive(holder: Holder): boolean {
  return isOwnerAlive(holder, holder.touchedAt, STALE_AFTER_MS)
}

function highest(directory: string): number {
  const numbers = readdirSync(directory).map(name => Number(LOCK_FILE.exec(name)?.[1] ?? 0))
  return Math.max(0, ...numbers)
}

function readHolder(directory: string, number: number): Holder | undefined {
  const path = lockPath(directory, number)
  try {
    const { pid, pidNamespace, startTicks } = JSON.parse(readFileSync(path, 'utf8'))
    return { pid, pidNamespace, startTicks, touchedAt: statSync(path).mtimeMs }
  } catch {
    return undefined
  }
}

function lockPath(directory: string, number: number): string {
  return join(directory, `keeper.${number}`)
}
