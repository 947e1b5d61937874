import type { Task } from '../snapshot/task.ts'
import {
  clearDirectory,
  identityOf,
  LEADER,
  listHerdFiles,
  unusableReason,
  useDirectory,
} from './directory/directory.ts'
import { OpenStores } from './open-stores.ts'
import { DirectoryLock, removeLockDrafts } from './processes/lock.ts'
import { leftovers } from './processes/running-processes.ts'
import type { StoreReader } from './reading/reader.ts'
import { type CpuSamples, Retired } from './retiring/retire.ts'

/** What happens to existing files when a process becomes the leader of a directory. */
export type StartMode =
  /** All files are removed: a primary begins a herd. */
  | 'fresh'
  /**
   * Files are removed if none of their owners is running: a process begins a herd that other processes may have begun.
   */
  | 'unless_used'
  /** No files are removed: for a process that serves an existing herd. */
  | 'resume'

/**
 * One directory of a herd: its stores, and the totals if this process is the leader of the directory.
 *
 * It remembers the identity of the directory. If the directory was removed or replaced, files that were open are still
 * read and counted, `problem` describes it, and the leader creates the directory again and writes the totals
 * there.
 */
export class HerdDirectory {
  readonly path: string
  readonly stores: OpenStores
  readonly #staleAfterMs: number
  #leading: { lock: DirectoryLock; totals: Retired } | undefined
  /** The identity of the directory when it was last in order. */
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

  /** Makes this process the leader, or returns the pid of the current leader. Throws the errors of the file system. */
  lead(start: StartMode): { heldBy: number } | undefined {
    if (this.#leading !== undefined) return undefined
    if (start === 'resume' && this.#identity !== undefined) this.#createAgain()
    const lock = DirectoryLock.take(this.path, LEADER)
    if (!(lock instanceof DirectoryLock)) return lock
    try {
      removeLockDrafts(this.path)
      const left =
        start === 'fresh'
          ? listHerdFiles(this.path)
          : start === 'resume'
            ? undefined
            : leftovers(this.path, this.#staleAfterMs)
      if (left !== undefined) clearDirectory(this.path, left)
      const totals = new Retired(this.path, undefined, start === 'resume' ? this.stores.totals : undefined)
      if (start === 'fresh') totals.begin(Date.now() / 1000)
      this.#leading = { lock, totals }
      this.#identity = identityOf(this.path)
      return undefined
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Writes empty totals if there are stores but no totals yet: their id identifies the herd for all readers. */
  #identifyHerd(totals: Retired): void {
    const starts = this.stores.all.map(({ startedAt }) => startedAt).filter(startedAt => startedAt > 0)
    if (starts.length === 0) return
    try {
      totals.begin(Math.min(...starts))
    } catch {
      // The disk is full: the totals are written when a store is first retired.
    }
  }

  /**
   * Retires the stores whose owners have exited, if this process is the leader. Stores that have moved to another
   * directory are not counted here. `cpu` as in `Retired.retire`. Throws the errors of the file system.
   */
  *retire(isElsewhere: (id: number) => boolean, cpu: CpuSamples | undefined): Task<number> {
    const leading = this.#leading
    if (leading === undefined || !this.#keepLeading(leading)) return 0
    yield* leading.totals.removeRetired()
    yield* this.stores.checkOwners()
    this.#identifyHerd(leading.totals)
    const exited = this.stores.exited.map(reader => reader.name).filter(({ id }) => !isElsewhere(id))
    if (exited.length === 0) return 0
    const count = yield* leading.totals.retire(exited, (_, { id }) => this.stores.reopen(id), cpu)
    yield* this.stores.refreshTotals()
    return count
  }

  /** Returns false if another process has become the leader. Throws the errors of the file system. */
  #keepLeading(leading: { lock: DirectoryLock; totals: Retired }): boolean {
    if (this.#isReplaced) this.#createAgain()
    if (!leading.lock.isHeld()) {
      const lock = DirectoryLock.take(this.path, LEADER)
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

  /** Creates the directory if it was removed. Throws if the path cannot be used. */
  #createAgain(): void {
    if (identityIfAny(this.path) !== undefined) {
      const error = unusableReason(this.path)
      if (error !== undefined) throw error
    } else if (this.isLed || this.stores.running.length > 0) useDirectory(this.path)
  }

  /**
   * The reason why the served numbers may be old or incomplete, as a sentence; undefined if they are not. Changes
   * nothing.
   */
  get problem(): string | undefined {
    const identity = identityIfAny(this.path)
    this.#identity ??= identity
    if (identity === undefined)
      return `The directory ${this.path} was removed: the numbers that were read last are served.`
    if (identity !== this.#identity)
      return `The directory ${this.path} was replaced by another one: the numbers that were read last are served.`
    return unusableReason(this.path)?.message
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
