import type { Steps } from '../snapshot/steps.ts'
import { clearDirectory, identityOf, KEEPER, listHerdFiles, useDirectory, whyUnusable } from './directory.ts'
import { leftovers } from './living.ts'
import { DirectoryLock, removeLockDrafts } from './lock.ts'
import { OpenStores } from './open-stores.ts'
import type { StoreReader } from './reader.ts'
import { Retired } from './retire.ts'

/** How the leading of a directory begins. */
export type Beginning =
  /** Everything is cleared: a primary begins a herd. */
  | 'fresh'
  /** What is there is cleared where no owner of it runs any more: a process begins a herd that others may have begun. */
  | 'unless_used'
  /** Nothing is cleared: for a process that serves what others have begun. */
  | 'go_on'

/**
 * One directory of a herd: its stores, and the totals where this process is the leader of the directory.
 *
 * It remembers which directory its path led to. Where that is gone or another one is in its place, what was read stays
 * open and counts on, `whyBroken` says so, and the leader makes the directory anew and writes the totals there.
 */
export class HerdDirectory {
  readonly path: string
  readonly stores: OpenStores
  readonly #staleAfterMs: number
  #leading: { lock: DirectoryLock; totals: Retired } | undefined
  /** Which directory it was when it was last seen in order. */
  #identity: string | undefined

  constructor(path: string, staleAfterMs: number, onDrop: (reader: StoreReader) => void) {
    this.path = path
    this.#staleAfterMs = staleAfterMs
    this.stores = new OpenStores(path, staleAfterMs, onDrop)
    this.#identity = identityIfAny(path)
  }

  get isLed(): boolean {
    return this.#leading !== undefined
  }

  /** Makes this process the leader, or answers the pid of another that is. Throws what the file system throws. */
  lead(beginning: Beginning): { heldBy: number } | undefined {
    if (this.#leading !== undefined) return undefined
    if (beginning === 'go_on' && this.#identity !== undefined) this.#makeAnew()
    const lock = DirectoryLock.take(this.path, KEEPER)
    if (!(lock instanceof DirectoryLock)) return lock
    try {
      removeLockDrafts(this.path)
      const left =
        beginning === 'fresh'
          ? listHerdFiles(this.path)
          : beginning === 'go_on'
            ? undefined
            : leftovers(this.path, this.#staleAfterMs)
      if (left !== undefined) clearDirectory(this.path, left)
      const totals = new Retired(this.path, undefined, beginning === 'go_on' ? this.stores.totals : undefined)
      if (beginning === 'fresh') totals.begin(Date.now() / 1000)
      this.#leading = { lock, totals }
      this.#identity = identityOf(this.path)
      return undefined
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Writes totals of nothing where there are stores and no totals yet: they identify the herd for all that read it. */
  #identifyHerd(totals: Retired): void {
    const starts = this.stores.all.map(({ startedAt }) => startedAt).filter(startedAt => startedAt > 0)
    if (starts.length === 0) return
    try {
      totals.begin(Math.min(...starts))
    } catch {
      // A full disk: the first retiring writes them.
    }
  }

  /**
   * Retires the stores whose owners are gone, where this process is the leader; those that are elsewhere by now are not
   * counted here. Throws what the file system throws.
   */
  *retire(isElsewhere: (id: number) => boolean): Steps<number> {
    const leading = this.#leading
    if (leading === undefined || !this.#keepLeading(leading)) return 0
    yield* leading.totals.removeRetired()
    yield* this.stores.lookAtOwners()
    this.#identifyHerd(leading.totals)
    const dead = this.stores.dead.map(reader => reader.name).filter(({ id }) => !isElsewhere(id))
    if (dead.length === 0) return 0
    const count = yield* leading.totals.retire(dead, (_, { id }) => this.stores.again(id))
    yield* this.stores.refreshTotals()
    return count
  }

  /** False where another process leads by now. Throws what the file system throws. */
  #keepLeading(leading: { lock: DirectoryLock; totals: Retired }): boolean {
    if (this.#isReplaced) this.#makeAnew()
    if (!leading.lock.isHeld()) {
      const lock = DirectoryLock.take(this.path, KEEPER)
      if (!(lock instanceof DirectoryLock)) {
        leading.totals.close()
        this.#leading = undefined
        return false
      }
      leading.lock = lock
    }
    leading.lock.touch()
    leading.totals.restore()
    this.#identity = identityOf(this.path)
    return true
  }

  get #isReplaced(): boolean {
    return this.#identity !== identityIfAny(this.path)
  }

  /** Makes the directory where it is gone. Throws where it is not one that can be used. */
  #makeAnew(): void {
    if (identityIfAny(this.path) !== undefined) {
      const reason = whyUnusable(this.path)
      if (reason !== undefined) throw reason
    } else if (this.isLed || this.stores.living.length > 0) useDirectory(this.path)
  }

  /** Why what is shown may be old or not all, as a sentence; undefined where it is not. Changes nothing. */
  get whyBroken(): string | undefined {
    const identity = identityIfAny(this.path)
    this.#identity ??= identity
    if (identity === undefined) return `The directory ${this.path} is gone: the last numbers are shown.`
    if (identity !== this.#identity)
      return `The directory ${this.path} is another one by now: the last numbers are shown.`
    return whyUnusable(this.path)?.message
  }

  close(): void {
    this.stores.close()
    this.#leading?.lock.release()
    this.#leading?.totals.close()
    this.#leading = undefined
  }
}

function identityIfAny(path: string): string | undefined {
  try {
    return identityOf(path)
  } catch {
    return undefined
  }
}
