import { randomUUID } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isOwnerAlive, type Owner, ownerIdentity } from '../store/owner.ts'

/**
 * Something in a directory that one process (or thread) has at a time, such as being its keeper: a lock that survives its
 * holder's death.
 *
 * The lock is a file `<what>.N` that names its holder; the highest N holds. To take a dead holder's place is to link
 * the next number into place, which only one can. A holder in another pid namespace cannot be asked whether it lives,
 * so it touches its file, and is given up after `STALE_AFTER_MS`.
 */
export class DirectoryLock {
  /** The path of the lock's files, without the number. */
  readonly #path: string
  readonly #number: number
  /** Tells this holder from others: pids are the same in many containers. */
  readonly #token: string = randomUUID()

  private constructor(path: string, number: number) {
    this.#path = path
    this.#number = number
  }

  /** The lock on `what`, or the pid of the process that has it. Throws what the file system throws. */
  static take(directory: string, what: string): DirectoryLock | { readonly heldBy: number } {
    const path = join(directory, what)
    for (;;) {
      const current = highest(path)
      const holder = current === 0 ? undefined : readHolder(path, current)
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid }
      const lock = new DirectoryLock(path, current + 1)
      if (!lock.#claim()) continue
      const rival = lock.#rival()
      if (highest(path) === current + 1 && rival === undefined) {
        rmSync(`${path}.${current}`, { force: true })
        return lock
      }
      lock.release()
      if (rival !== undefined) return { heldBy: rival.pid }
    }
  }

  /** False once somebody else has taken it to be dead. */
  isHeld(): boolean {
    try {
      return highest(this.#path) === this.#number && this.#isOurs()
    } catch {
      return false
    }
  }

  /** Says that the holder lives. Call it every few seconds. */
  touch(): void {
    const now = new Date()
    try {
      utimesSync(`${this.#path}.${this.#number}`, now, now)
    } catch {
      // The directory is gone, or the lock was taken: isHeld tells.
    }
  }

  release(): void {
    if (this.#isOurs()) rmSync(`${this.#path}.${this.#number}`, { force: true })
  }

  #isOurs(): boolean {
    return readHolder(this.#path, this.#number)?.token === this.#token
  }

  /** Whoever holds a lower number and lives: numbers begin anew once a lock is released. */
  #rival(): Holder | undefined {
    return numbers(this.#path)
      .filter(number => number < this.#number)
      .map(number => readHolder(this.#path, number))
      .find(holder => holder !== undefined && isAlive(holder))
  }

  /** A link appears whole or not at all: nobody reads a half-written holder. */
  #claim(): boolean {
    const draft = `${this.#path}.draft-${this.#token}`
    try {
      const holder = { ...ownerIdentity(), token: this.#token }
      writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
      linkSync(draft, `${this.#path}.${this.#number}`)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      rmSync(draft, { force: true })
    }
  }
}

interface Holder extends Owner {
  readonly token: string
  readonly touchedAt: number
}

const STALE_AFTER_MS = 30_000
const NUMBER = /^\d{1,9}$/

/** Whether somebody who lives has the lock on `what`. Throws what the file system throws. */
export function isHeldByTheLiving(directory: string, what: string): boolean {
  const path = join(directory, what)
  return numbers(path).some(number => {
    const holder = readHolder(path, number)
    return holder !== undefined && isAlive(holder)
  })
}

function isAlive(holder: Holder): boolean {
  return isOwnerAlive(holder, holder.touchedAt, STALE_AFTER_MS)
}

function highest(path: string): number {
  return Math.max(0, ...numbers(path))
}

function numbers(path: string): number[] {
  const start = `${basename(path)}.`
  return readdirSync(dirname(path))
    .filter(name => name.startsWith(start) && NUMBER.test(name.slice(start.length)))
    .map(name => Number(name.slice(start.length)))
}

function readHolder(path: string, number: number): Holder | undefined {
  const file = `${path}.${number}`
  try {
    const { pid, pidNamespace, startTicks, threadId = 0, token } = JSON.parse(readFileSync(file, 'utf8'))
    return { pid, pidNamespace, startTicks, threadId, token, touchedAt: statSync(file).mtimeMs }
  } catch {
    return undefined
  }
}
