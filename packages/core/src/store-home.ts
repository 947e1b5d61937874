import { whyUnusable } from './herd/directory.ts'
import { openRetired } from './herd/retired-files.ts'
import { atOnce } from './snapshot/steps.ts'
import { statFile } from './store/files.ts'
import { canMap, type FileSlabKind, type SlabKind } from './store/slab.ts'
import type { Store } from './store/store.ts'

/**
 * Sees to it that a worker's store has its files in the directory of the herd. One that found no room, or whose files
 * were removed, is written there as soon as that can be done, with all that it has counted.
 */
export class StoreHome {
  readonly #store: Store
  readonly #wanted: SlabKind | undefined
  readonly #onMove: () => void
  #onChange: (lack: string | undefined) => void = () => {}
  #directory: string | undefined
  /** The values file that was written. */
  #inode: number | undefined
  /** The herd whose directory it was; 0 where nothing said so. */
  #herd = 0
  #lack: string | undefined

  constructor(options: StoreHomeOptions) {
    this.#store = options.store
    this.#directory = options.directory
    this.#wanted = options.slab
    this.#lack = options.lack
    this.#onMove = options.onMove
    if (this.#store.paths !== undefined) this.#settle()
  }

  /** Calls `onChange` now, and at each change, with why what this worker counts is missing from the herd. */
  watch(onChange: (lack: string | undefined) => void): void {
    this.#onChange = onChange
    const isMissing = this.#store.paths === undefined && this.#wanted !== 'heap'
    this.#lack ??= isMissing ? 'the herd has no directory' : undefined
    onChange(this.#lack)
  }

  /** Looks whether the files are there, and writes them where they are not. Never throws. */
  look(): void {
    if (this.#directory === undefined || this.#wanted === 'heap' || this.#store.isClosed) return
    try {
      this.#tell(this.#isHome() ? undefined : this.#goHome(this.#directory))
    } catch (error) {
      this.#tell(`no store in ${this.#directory}: ${String(error)}`)
    }
  }

  /** Writes the files, or answers why they must not be written. Throws what the file system throws. */
  #goHome(directory: string): string | undefined {
    const reason = whyUnusable(directory)?.message ?? this.#whyOthers(directory)
    if (reason === undefined) this.#write(directory)
    return reason
  }

  /** Records in this directory from now on, where the store has no files. Tells what it lacks there. Never throws. */
  moveTo(directory: string): void {
    if (this.#wanted === 'heap' || (this.#store.paths !== undefined && this.#isHome())) return
    // Of its own directory it knows which herd is in it.
    if (directory !== this.#directory) {
      this.#directory = directory
      this.#inode = undefined
      this.#herd = 0
    }
    const before = this.#lack
    this.look()
    if (this.#lack !== undefined && this.#lack === before) this.#onChange(this.#lack)
  }

  #isHome(): boolean {
    const { paths } = this.#store
    if (paths === undefined || this.#inode === undefined) return false
    try {
      return statFile(paths.values)?.ino === this.#inode
    } catch {
      // A directory that cannot be entered has not lost the file, which is still written and read.
      return true
    }
  }

  /**
   * Why a store whose files are gone must not be written again: another herd has begun in the directory, or the leader
   * took this process for exited and has retired its store.
   */
  #whyOthers(directory: string): string | undefined {
    if (this.#inode === undefined) return undefined
    const totals = openRetired(directory)
    if (totals === undefined) return this.#herd === 0 ? undefined : `the totals of the herd are not in ${directory}`
    try {
      atOnce(totals.read())
      if (totals.retiredIds.includes(this.#store.id)) return 'the store was retired while this process still ran'
      const herd = totals.header('storeId')
      return this.#herd === 0 || herd === this.#herd ? undefined : `another herd has begun in ${directory}`
    } finally {
      totals.close()
    }
  }

  #write(directory: string): void {
    const kinds: FileSlabKind[] = this.#wanted === 'flushed' || !canMap() ? ['flushed'] : ['mapped', 'flushed']
    for (const kind of kinds) {
      try {
        this.#store.moveTo(directory, kind)
        break
      } catch (error) {
        // A file system that cannot be mapped can still be written.
        if (kind === kinds.at(-1) || this.#wanted === 'mapped') throw error
      }
    }
    this.#settle()
    this.#onMove()
  }

  #settle(): void {
    const { paths } = this.#store
    this.#inode = paths && statFile(paths.values)?.ino
    const totals = this.#directory === undefined ? undefined : openRetired(this.#directory)
    totals?.refreshHeader()
    this.#herd = totals?.header('storeId') ?? 0
    totals?.close()
  }

  #tell(lack: string | undefined): void {
    if (lack === this.#lack) return
    this.#lack = lack
    this.#onChange(lack)
  }
}

export interface StoreHomeOptions {
  readonly store: Store
  /** Undefined where no directory can be had for now. */
  readonly directory: string | undefined
  readonly slab: SlabKind | undefined
  /** Why the store has no files yet. */
  readonly lack: string | undefined
  /** Is called when the store has been written to a directory. */
  readonly onMove: () => void
}
