import { randomBytes } from 'node:crypto'
import { runSync, type Task } from '../../snapshot/task.ts'
import { FORMAT_VERSION, HEADER, MAGIC } from '../../store/header.ts'
import { listStoreFiles, listStores, removeStore, type StoreName } from '../directory/directory.ts'
import { StoreReader } from '../reading/reader.ts'
import { finalStateOf } from './final-state.ts'
import { RetiredFiles } from './retired-files.ts'
import { RetiredTotals } from './retired-totals.ts'

/**
 * The retired totals: counters, histograms and summaries of every retired store, added up in one more store.
 *
 * A retirement is one commit: a new values file, which ends with the ids of the stores just added, is renamed into
 * place. Before the rename nothing has changed; after it, the stores no longer count, whether or not their files are
 * already removed. So the leader may be killed at any line of this file, or pause between two steps, and no count is
 * lost or doubled. Only the leader of the directory runs it.
 */
export class Retired {
  readonly #directory: string
  readonly #maxNameBytes: number | undefined
  readonly #files: RetiredFiles
  #totals: RetiredTotals
  #generation = 0
  /** The ids of the stores that the totals include, oldest first. */
  #ids: number[] = []
  /** Distinguishes this herd from others that begin in the same directory; 0 until the first commit. */
  #herd = 0
  /** True if memory may differ from the file: a retirement failed or is in progress. */
  #isStale = true

  /** Loads the totals of an earlier leader of the same herd; `removed` are totals of it whose files were removed. */
  constructor(directory: string, maxNameBytes?: number, removed?: StoreReader) {
    this.#directory = directory
    this.#maxNameBytes = maxNameBytes
    this.#files = new RetiredFiles(directory)
    this.#totals = new RetiredTotals(maxNameBytes)
    this.#files.restore(removed)
    runSync(this.#load())
  }

  /**
   * Commits empty totals if there are none. They identify the herd, whose counters began at `startedAt`, and show
   * readers of an earlier herd that another has begun. Throws the errors of the file system.
   */
  begin(startedAt: number): void {
    if (this.#herd !== 0) return
    this.#totals.values[HEADER.startedAt] = startedAt
    runSync(this.#files.writeNames([]))
    runSync(this.#commit([]))
  }

  /** Writes the totals again if their files were removed. Throws the errors of the file system. */
  restore(): void {
    this.#files.restore()
  }

  /**
   * Adds the stores to the totals, removes them, and returns how many were added. A store that cannot be read
   * completely is skipped; if a store is already in the totals, only its files are removed. `open` returns the reader
   * of a store, `cpu` knows the CPU time that its process used and may not have reported. Throws the errors of the file
   * system: if before the commit, nothing has changed and the stores can be
   * retired later; if after it, the remaining files no longer count. Run all steps of one call before the next begins.
   */
  *retire(stores: readonly StoreName[], open: OpenReader = openReader, cpu?: CpuSamples): Task<number> {
    this.#files.restore()
    if (this.#isStale) yield* this.#load()
    this.#isStale = true
    const known = new Set(this.#ids)
    const added = yield* this.#addAndCommit(
      stores.filter(({ id }) => !known.has(id)),
      open,
      cpu,
    )
    this.#isStale = false
    for (const { store, addedCpu } of added) cpu?.retired(store, addedCpu)
    yield
    for (const store of [...stores.filter(({ id }) => known.has(id)), ...added.map(({ store }) => store)]) {
      removeStore(this.#directory, store)
      yield
    }
    return added.length
  }

  /**
   * Removes stores that an earlier leader had retired but not removed when it was killed. Throws the errors of the file
   * system.
   */
  *removeRetired(): Task<void> {
    const known = new Set(this.#ids)
    for (const store of listStoreFiles(this.#directory)) {
      if (!known.has(store.id)) continue
      removeStore(this.#directory, store)
      yield
    }
  }

  /** Closes the files. */
  close(): void {
    this.#files.close()
  }

  *#addAndCommit(stores: readonly StoreName[], open: OpenReader, cpu: CpuSamples | undefined): Task<Added[]> {
    try {
      const added: Added[] = []
      for (const store of stores) {
        const addedCpu = yield* this.#add(store, open, cpu?.sampledCpu(store.id))
        if (addedCpu !== undefined) added.push({ store, addedCpu })
        yield
      }
      if (added.length === 0) return added
      yield* this.#files.writeNames(this.#totals.takeNewNames())
      yield* this.#commit(added.map(({ store }) => store))
      return added
    } catch (error) {
      this.#files.dropDraft()
      throw error
    }
  }

  /**
   * Adds one store in memory. Returns the CPU seconds that were added because its process has not reported them;
   * undefined if the store cannot be read completely.
   */
  *#add(store: StoreName, open: OpenReader, sampledCpu: number | undefined): Task<number | undefined> {
    const reader = open(this.#directory, store)
    if (reader === undefined) return undefined
    try {
      const state = yield* finalStateOf(reader)
      if (state === undefined) return undefined
      return yield* this.#totals.add(store, reader, state, sampledCpu)
    } finally {
      reader.close()
    }
  }

  *#commit(stores: readonly StoreName[]): Task<void> {
    const ids = this.#idsWith(stores)
    const { values, length } = this.#totals
    values[HEADER.magic] = MAGIC
    values[HEADER.version] = FORMAT_VERSION
    this.#herd ||= randomBytes(6).readUIntBE(0, 6) + 1
    values[HEADER.storeId] = this.#herd
    values[HEADER.startedAt] ||= Date.now() / 1000
    values[HEADER.length] = length
    values[HEADER.retiredIds] = ids.length
    values[HEADER.generation] = this.#generation + 1
    yield* this.#files.commit([values.subarray(0, length), Float64Array.from(ids)])
    this.#generation++
    this.#ids = ids
  }

  /**
   * The ids at the end of the next totals. They include all stores whose files still exist, however old, since those
   * would otherwise be counted again; and the last few thousand, for a reader that listed a store before several
   * commits and reads the totals after them.
   */
  #idsWith(stores: readonly StoreName[]): number[] {
    const listed = new Set(listStores(this.#directory).map(({ id }) => id))
    const old = this.#ids.slice(0, -LISTED_IDS).filter(id => listed.has(id))
    return [...old, ...this.#ids.slice(-LISTED_IDS), ...stores.map(({ id }) => id)]
  }

  *#load(): Task<void> {
    const totals = new RetiredTotals(this.#maxNameBytes)
    this.#generation = 0
    this.#herd = 0
    this.#ids = []
    const reader = this.#files.open()
    if (reader !== undefined) {
      try {
        yield* this.#loadFrom(reader, totals)
      } finally {
        reader.close()
      }
    }
    this.#totals = totals
    this.#isStale = false
  }

  *#loadFrom(reader: StoreReader, totals: RetiredTotals): Task<void> {
    const reading = yield* reader.read()
    totals.begin(reader.values.subarray(0, reader.header('length')), this.#files.nameBytes)
    for (let line = reader.names.next(); line !== undefined; line = reader.names.next()) {
      totals.addLine(line)
      yield
    }
    // Totals that cannot be read must not be overwritten: meanwhile the stores of exited processes stay and are read
    // directly.
    if (reading === 'unknown_version')
      throw new Error(`the totals of exited processes cannot be read: ${OTHER_VERSION}`)
    if (reading !== 'read' || reader.names.isIncomplete)
      throw new Error('the totals of exited processes cannot be read')
    this.#generation = reader.header('generation')
    this.#herd = reader.header('storeId')
    this.#ids = [...reader.retiredIds]
  }
}

const LISTED_IDS = 4096
const OTHER_VERSION = `another version of promherd wrote them, and this one reads format ${FORMAT_VERSION}`

/** Opens a store for reading from its beginning; undefined if it cannot be read. */
type OpenReader = (directory: string, name: StoreName) => StoreReader | undefined

/** The CPU time of processes as the operating system reports it. */
export interface CpuSamples {
  /** The CPU seconds of the process of a store when it was sampled last; undefined if it was not. */
  sampledCpu(store: number): number | undefined
  /** Is called when the store was retired, with the CPU seconds that were added because its process has not reported them. */
  retired(store: StoreName, addedCpu: number): void
}

interface Added {
  readonly store: StoreName
  readonly addedCpu: number
}

function openReader(directory: string, name: StoreName): StoreReader | undefined {
  try {
    return StoreReader.open(directory, name)
  } catch {
    return undefined
  }
}
