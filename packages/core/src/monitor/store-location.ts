import { statFile } from '../files/files.ts'
import { unusableReason } from '../herd/directory/directory.ts'
import { openRetired } from '../herd/retiring/retired-files.ts'
import { runSync } from '../snapshot/task.ts'
import { canMap, type FileStorageKind, type StorageKind } from '../store/storage.ts'
import type { Store } from '../store/store.ts'

/**
 * Keeps the files of a worker's store in the directory of the herd. If the store found no room, or its files were
 * removed, it is written there, with all that it has counted, as soon as possible.
 */
export class StoreLocation {
  readonly #store: Store
  readonly #wanted: StorageKind | undefined
  readonly #onMove: () => void
  #onChange: (missingReason: string | undefined) => void = () => {}
  #directory: string | undefined
  /** The inode of the values file that was written. */
  #inode: number | undefined
  /** The herd of that directory; 0 if unknown. */
  #herd = 0
  #missingReason: string | undefined

  constructor(options: StoreLocationOptions) {
    this.#store = options.store
    this.#directory = options.directory
    this.#wanted = options.storage
    this.#missingReason = options.missingReason
    this.#onMove = options.onMove
    if (this.#store.paths !== undefined) this.#remember()
  }

  /** Calls `onChange` now, and at each change, with the reason why this worker's numbers are missing from the herd. */
  watch(onChange: (missingReason: string | undefined) => void): void {
    this.#onChange = onChange
    const isMissing = this.#store.paths === undefined && this.#wanted !== 'memory'
    this.#missingReason ??= isMissing ? 'the herd has no directory' : undefined
    onChange(this.#missingReason)
  }

  /** Checks whether the files exist, and writes them if they do not. Never throws. */
  check(): void {
    if (this.#directory === undefined || this.#wanted === 'memory' || this.#store.isClosed) return
    try {
      this.#report(this.#isInPlace() ? undefined : this.#writeAgain(this.#directory))
    } catch (error) {
      this.#report(`no store in ${this.#directory}: ${String(error)}`)
    }
  }

  /** Writes the files, or returns the reason why they must not be written. Throws the errors of the file system. */
  #writeAgain(directory: string): string | undefined {
    const reason = unusableReason(directory)?.message ?? this.#whyTaken(directory)
    if (reason === undefined) this.#write(directory)
    return reason
  }

  /**
   * Records in this directory from now on, if the store has no files. Reports the reason if that fails. Never throws.
   */
  moveTo(directory: string): void {
    if (this.#wanted === 'memory' || (this.#store.paths !== undefined && this.#isInPlace())) return
    // For its own directory, the herd in it is already known.
    if (directory !== this.#directory) {
      this.#directory = directory
      this.#inode = undefined
      this.#herd = 0
    }
    const before = this.#missingReason
    this.check()
    if (this.#missingReason !== undefined && this.#missingReason === before) this.#onChange(this.#missingReason)
  }

  #isInPlace(): boolean {
    const { paths } = this.#store
    if (paths === undefined || this.#inode === undefined) return false
    try {
      return statFile(paths.values)?.ino === this.#inode
    } catch {
      // If the directory cannot be entered, the file still exists, and is still written and read.
      return true
    }
  }

  /**
   * The reason why a store whose files were removed must not be written again: another herd has begun in the directory,
   * or the leader took this process for exited and has retired its store.
   */
  #whyTaken(directory: string): string | undefined {
    if (this.#inode === undefined) return undefined
    const totals = openRetired(directory)
    if (totals === undefined) return this.#herd === 0 ? undefined : `the totals of the herd are not in ${directory}`
    try {
      runSync(totals.read())
      if (totals.retiredIds.includes(this.#store.id)) return 'the store was retired while this process still ran'
      const herd = totals.header('storeId')
      return this.#herd === 0 || herd === this.#herd ? undefined : `another herd has begun in ${directory}`
    } finally {
      totals.close()
    }
  }

  #write(directory: string): void {
    const kinds: FileStorageKind[] = this.#wanted === 'file' || !canMap() ? ['file'] : ['mmap', 'file']
    for (const kind of kinds) {
      try {
        this.#store.moveTo(directory, kind)
        break
      } catch (error) {
        // A file system without mapping can still be written to.
        if (kind === kinds.at(-1) || this.#wanted === 'mmap') throw error
      }
    }
    this.#remember()
    this.#onMove()
  }

  #remember(): void {
    const { paths } = this.#store
    this.#inode = paths && statFile(paths.values)?.ino
    const totals = this.#directory === undefined ? undefined : openRetired(this.#directory)
    totals?.refreshHeader()
    this.#herd = totals?.header('storeId') ?? 0
    totals?.close()
  }

  #report(missingReason: string | undefined): void {
    if (missingReason === this.#missingReason) return
    this.#missingReason = missingReason
    this.#onChange(missingReason)
  }
}

interface StoreLocationOptions {
  readonly store: Store
  /** Undefined if no directory could be created so far. */
  readonly directory: string | undefined
  readonly storage: StorageKind | undefined
  /** The reason why the store has no files yet. */
  readonly missingReason: string | undefined
  /** Is called when the store has been written to a directory. */
  readonly onMove: () => void
}
