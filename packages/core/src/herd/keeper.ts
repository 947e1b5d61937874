import { randomUUID } from 'node:crypto'
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
  /** Tells this holder from others: pids are the same in many containers. */
  readonly #token: string = randomUUID()

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
      if (!lock.#claim()) continue
      const rival = lock.#rival()
      if (highest(directory) === current + 1 && rival === undefined) {
        rmSync(lockPath(directory, current), { force: true })
        return lock
      }
      lock.release()
      if (rival !== undefined) return { heldBy: rival.pid }
    }
  }

  /** False once somebody else has taken it to be dead. */
  isHeld(): boolean {
    try {
      return highest(this.#directory) === this.#number && this.#isOurs()
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
    if (this.#isOurs()) rmSync(lockPath(this.#directory, this.#number), { force: true })
  }

  #isOurs(): boolean {
    return readHolder(this.#directory, this.#number)?.token === this.#token
  }

  /** Whoever holds a lower number and lives: numbers begin anew once a lock is released. */
  #rival(): Holder | undefined {
    return numbers(this.#directory)
      .filter(number => number < this.#number)
      .map(number => readHolder(this.#directory, number))
      .find(holder => holder !== undefined && isAlive(holder))
  }

  /** A link appears whole or not at all: nobody reads a half-written holder. */
  #claim(): boolean {
    const draft = join(this.#directory, `keeper.draft-${process.pid}-${ownerIdentity().pidNamespace}`)
    try {
      const holder = { pid: process.pid, ...ownerIdentity(), token: this.#token }
      writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
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
  readonly token: string
  readonly touchedAt: number
}

const STALE_AFTER_MS = 30_000
const LOCK_FILE = /^keeper\.(\d{1,9})$/

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
  const startTicks = startTicksOf(owner.pid)
  // Where /proc hides the processes of others (hidepid), the answer to the signal is all there is to know.
  return owner.startTicks === 0 || startTicks === undefined || startTicks === owner.startTicks
}

function isAlive(holder: Holder): boolean {
  return isOwnerAlive(holder, holder.touchedAt, STALE_AFTER_MS)
}

function highest(directory: string): number {
  return Math.max(0, ...numbers(directory))
}

function numbers(directory: string): number[] {
  return readdirSync(directory).flatMap(name => LOCK_FILE.exec(name)?.slice(1).map(Number) ?? [])
}

function readHolder(directory: string, number: number): Holder | undefined {
  const path = lockPath(directory, number)
  try {
    const { pid, pidNamespace, startTicks, token } = JSON.parse(readFileSync(path, 'utf8'))
    return { pid, pidNamespace, startTicks, token, touchedAt: statSync(path).mtimeMs }
  } catch {
    return undefined
  }
}

function lockPath(directory: string, number: number): string {
  return join(directory, `keeper.${number}`)
}
