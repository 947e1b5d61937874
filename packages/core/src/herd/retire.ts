import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { FAMILIES } from '../metrics.ts'
import { signatureOf } from '../snapshot/merged-family.ts'
import { atOnce } from '../snapshot/steps.ts'
import { ADDED_FOR_EVER } from '../snapshot/sums.ts'
import {
  type CatalogLine,
  CatalogWriter,
  type Definition,
  type FamilyLine,
  type SeriesLine,
  widthOf,
} from '../store/catalog.ts'
import { keyOf, OVERFLOW } from '../store/family.ts'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC } from '../store/header.ts'
import { listStores, RETIRED_CATALOG, RETIRED_VALUES, removeStore, type StoreName } from './directory.ts'
import { StoreReader } from './reader.ts'

/**
 * What the dead left: counters, histograms and summaries of every store that was retired, added up in one more store.
 *
 * Retiring is one commit: a new values file, which ends with the ids of the stores just added, is renamed into place.
 * Before that nothing has happened, after it the stores count no more, whether their files are already removed or
 * not. So a keeper may die at any line of this file and no count is lost or doubled. Only the keeper runs it.
 */
export class Retired {
  readonly #directory: string
  readonly #maxNameBytes: number
  /** About as much as the catalog takes. */
  #nameBytes = 0
  #families: RetiredFamily[] = []
  #bySignature = new Map<string, RetiredFamily>()
  #values: Float64Array = new Float64Array(1024)
  #length = HEADER_SLOTS
  #generation = 0
  /** The stores that the totals include, oldest first. */
  #ids: number[] = []
  /** Which values file the totals were read from, or written to. */
  #inode: number | undefined
  /** True where memory may differ from the file: a retiring failed. */
  #isStale = false

  /** Takes up what an earlier keeper of the same herd has left. */
  constructor(directory: string, maxNameBytes: number = MAX_NAME_BYTES) {
    this.#directory = directory
    this.#maxNameBytes = maxNameBytes
    this.#load()
  }

  /**
   * Adds the stores to the totals and removes them. Answers how many: a store that cannot be read whole is left.
   * Throws what the file system throws; before the commit nothing has changed then, and the stores can be retired
   * later; after it what is left of their files counts no more.
   */
  retire(stores: readonly StoreName[]): number {
    if (this.#isStale) this.#load()
    this.#isStale = true
    const added = this.#tryToCommit(stores)
    this.#isStale = false
    for (const store of added) removeStore(this.#directory, store)
    return added.length
  }

  #tryToCommit(stores: readonly StoreName[]): StoreName[] {
    try {
      const lines: NewName[] = []
      const added = stores.filter(store => !this.#ids.includes(store.id) && this.#add(store, lines))
      if (added.length === 0) return added
      this.#writeNames(lines)
      this.#commit(added)
      return added
    } catch (error) {
      // Half a draft would keep the space that a full disk lacks.
      rmSync(join(this.#directory, `${RETIRED_VALUES}.draft`), { force: true })
      throw error
    }
  }

  /** Adds one store in memory, and to `gained` the names that are new. False where it cannot be read whole. */
  #add(name: StoreName, gained: NewName[]): boolean {
    const reader = openReader(this.#directory, name)
    if (reader === undefined) return false
    const reading = atOnce(reader.read())
    const lines = linesOf(reader)
    reader.close()
    if (reading !== 'read' || reader.isCut) return false
    const families = new Map<number, RetiredFamily>()
    let inFlight: number | undefined
    for (const line of familiesLeft(lines)) {
      if (line.name === FAMILIES.requestsInFlight.name) inFlight = line.index
      const family = this.#family(line, gained)
      const since = Math.max(reader.startedAt, line.since ?? 0)
      if (family !== undefined) families.set(line.index, this.#seen(family, since))
    }
    for (const line of seriesLeft(lines, reader.header('generation'))) {
      if (line.family === inFlight) this.#addLost(name, reader, line, gained)
      const family = families.get(line.family)
      if (family === undefined) continue
      const { labels, merge } = family.definition
      if (line.values.length !== labels.length || line.slot + family.width > reader.values.length) continue
      const values = merge === 'worker' ? [...line.values, String(name.worker)] : line.values
      this.#addSeries(family, { ...line, values }, reader.values, gained)
    }
    return true
  }

  /** What was in flight when its worker died is lost: in the same commit, so it is counted once, too. */
  #addLost(store: StoreName, reader: StoreReader, line: SeriesLine, gained: NewName[]): void {
    const lost = reader.values[line.slot] ?? 0
    if (!(lost > 0)) return
    const family = this.#family(FAMILIES.workerLostRequests, gained)
    if (family === undefined) return
    this.#seen(family, reader.startedAt)
    this.#addSeries(family, { ...line, values: [String(store.worker)], slot: 0 }, Float64Array.of(lost), gained)
  }

  #family(given: Definition, gained: NewName[]): RetiredFamily | undefined {
    if (!ADDED_FOR_EVER.has(given.type)) return undefined
    const family = this.#bySignature.get(signatureOf(given))
    if (family !== undefined) return family
    const { name, type, help, labels, buckets, merge, countsInto } = given
    const definition = { name, type, help, labels, buckets, merge, ...(countsInto === undefined ? {} : { countsInto }) }
    const index = this.#families.length
    const sinceSlot = this.#length++
    gained.push({ ...definition, kind: 'family', index, sinceSlot })
    return this.#know(definition, index, sinceSlot)
  }

  #know(definition: Definition, index: number, sinceSlot: number): RetiredFamily {
    const family = { definition, index, sinceSlot, width: widthOf(definition), slots: new Map() }
    this.#families[index] = family
    this.#bySignature.set(signatureOf(definition), family)
    return family
  }

  /** Keeps when the newest store with this definition started: the newest definition is the one that is served. */
  #seen(family: RetiredFamily, startedAt: number): RetiredFamily {
    this.#makeRoom(this.#length)
    this.#values[family.sinceSlot] = Math.max(this.#values[family.sinceSlot]!, startedAt)
    return family
  }

  #addSeries(family: RetiredFamily, line: SeriesLine, from: Float64Array, gained: NewName[]): void {
    const slot = family.slots.get(keyOf(line.values)) ?? this.#newSlot(family, line, gained)
    this.#makeRoom(this.#length)
    for (let i = 0; i < family.width; i++) this.#values[slot + i] = this.#values[slot + i]! + from[line.slot + i]!
  }

  /**
   * A place for one more series. Label sets that come and go leave a name each for ever, and readers give up a catalog
   * that is too long: before that the totals of new ones are added up in the overflow series of their family.
   */
  #newSlot(family: RetiredFamily, { values, overflow }: SeriesLine, gained: NewName[]): number {
    if (!overflow && (this.#nameBytes >= this.#maxNameBytes || this.#length >= MAX_SLOTS)) {
      const rest = values.map(() => OVERFLOW)
      return family.slots.get(keyOf(rest)) ?? this.#nameSlot(family, { values: rest, overflow: true }, gained)
    }
    return this.#nameSlot(family, overflow ? { values, overflow } : { values }, gained)
  }

  #nameSlot(family: RetiredFamily, name: Pick<SeriesLine, 'values' | 'overflow'>, gained: NewName[]): number {
    const slot = this.#length
    this.#length += family.width
    family.slots.set(keyOf(name.values), slot)
    gained.push({ kind: 'series', ...name, family: family.index, slot })
    this.#nameBytes += LINE_BYTES + Buffer.byteLength(name.values.join(''))
    return slot
  }

  /** The names come before the numbers: a name without a number yet is nothing, a number without a name is lost. */
  #writeNames(lines: readonly NewName[]): void {
    const path = join(this.#directory, RETIRED_CATALOG)
    if (lines.length === 0 && existsSync(path)) return
    const catalog = CatalogWriter.resume(path)
    const written = lines.every(line => catalog.append(line))
    catalog.close()
    if (!written) throw new Error('the names of the retired totals could not be written')
  }

  #commit(stores: readonly StoreName[]): void {
    const ids = this.#idsWith(stores)
    const values = new Float64Array(this.#length + ids.length)
    values.set(this.#values.subarray(0, this.#length))
    values[HEADER.magic] = MAGIC
    values[HEADER.version] = FORMAT_VERSION
    values[HEADER.length] = this.#length
    values[HEADER.retiredIds] = ids.length
    values[HEADER.generation] = this.#generation + 1
    values.set(ids, this.#length)
    const path = join(this.#directory, RETIRED_VALUES)
    const draft = `${path}.draft`
    const fd = openSync(draft, 'w', 0o600)
    const bytes = new Uint8Array(values.buffer)
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      // A keeper that was taken to be dead and is not must not write over the totals of the next.
      if (inodeOf(path) !== this.#inode) throw new Error('another keeper has written the totals')
      renameSync(draft, path)
      this.#inode = fstatSync(fd).ino
    } finally {
      closeSync(fd)
    }
    this.#generation++
    this.#ids = ids
  }

  /**
   * The ids that the next totals end with: all whose files are still there, however old, since they would be counted
   * again; and the last thousands, for a reader that found a store before several commits and reads the totals after.
   */
  #idsWith(stores: readonly StoreName[]): number[] {
    const listed = new Set(listStores(this.#directory).map(({ id }) => id))
    const old = this.#ids.slice(0, -KEPT_IDS).filter(id => listed.has(id))
    return [...old, ...this.#ids.slice(-KEPT_IDS), ...stores.map(({ id }) => id)]
  }

  #load(): void {
    this.#families = []
    this.#bySignature = new Map()
    this.#values = new Float64Array(1024)
    this.#length = HEADER_SLOTS
    this.#generation = 0
    this.#ids = []
    this.#inode = undefined
    this.#nameBytes = 0
    rmSync(join(this.#directory, `${RETIRED_VALUES}.draft`), { force: true })
    if (inodeOf(join(this.#directory, RETIRED_VALUES)) === undefined) {
      // Names without totals: their first commit never came, and nobody reads them.
      rmSync(join(this.#directory, RETIRED_CATALOG), { force: true })
    } else {
      this.#loadFrom(openRetiredFiles(this.#directory))
    }
    this.#isStale = false
  }

  #loadFrom(reader: StoreReader): void {
    try {
      const reading = atOnce(reader.read())
      const lines = linesOf(reader)
      // Totals that cannot be read must not be written over: the dead are read where they lie meanwhile.
      if (reading !== 'read' || reader.isCut) throw new Error('the totals of the dead cannot be read')
      this.#length = reader.header('length')
      this.#generation = reader.header('generation')
      this.#ids = [...reader.retiredIds]
      this.#inode = reader.inode()
      this.#makeRoom(this.#length)
      this.#values.set(reader.values.subarray(0, this.#length))
      this.#nameBytes = statSync(join(this.#directory, RETIRED_CATALOG)).size
      for (const line of lines) this.#learn(line)
      this.#makeRoom(this.#length)
    } finally {
      reader.close()
    }
  }

  /** A name whose commit never came keeps its slots, since some reader may know it: it has counted nothing so far. */
  #learn(line: CatalogLine): void {
    if (line.kind === 'family') {
      const { sinceSlot = 0, index, ...definition } = line
      this.#know(definition, index, sinceSlot)
      this.#length = Math.max(this.#length, sinceSlot + 1)
    }
    const family = line.kind === 'series' ? this.#families[line.family] : undefined
    if (line.kind !== 'series' || family === undefined) return
    family.slots.set(keyOf(line.values), line.slot)
    this.#length = Math.max(this.#length, line.slot + family.width)
  }

  #makeRoom(slots: number): void {
    if (slots <= this.#values.length) return
    const larger = new Float64Array(Math.max(slots, this.#values.length * 2))
    larger.set(this.#values)
    this.#values = larger
  }
}

interface RetiredFamily {
  readonly definition: Definition
  readonly index: number
  readonly sinceSlot: number
  readonly width: number
  readonly slots: Map<string, number>
}

type NewName = Parameters<CatalogWriter['append']>[0]

/** The families that a store had to the end: not those that were withdrawn. */
function familiesLeft(lines: readonly CatalogLine[]): Iterable<FamilyLine> {
  const left = new Map<number, FamilyLine>()
  for (const line of lines) {
    if (line.kind === 'withdrawn') left.delete(line.family)
    else if (line.kind === 'family') left.set(line.index, line)
  }
  return left.values()
}

/** All that a catalog says from here on. */
function linesOf(reader: StoreReader): CatalogLine[] {
  const lines: CatalogLine[] = []
  for (let line = reader.nextLine(); line !== undefined; line = reader.nextLine()) lines.push(line)
  return lines
}

/** The series that a store had to the end: not those that were removed, nor those that its numbers are too old for. */
function seriesLeft(lines: readonly CatalogLine[], generation: number): Iterable<SeriesLine> {
  const left = new Map<number, SeriesLine>()
  for (const line of lines) {
    if (line.kind === 'removed') left.delete(line.slot)
    else if (line.kind === 'withdrawn') {
      for (const { family, slot } of [...left.values()]) if (family === line.family) left.delete(slot)
    } else if (line.kind === 'series' && (line.born ?? 0) <= generation) left.set(line.slot, line)
  }
  return left.values()
}

const KEPT_IDS = 4096
/** Half of what readers take, of names and of numbers. */
const MAX_NAME_BYTES = 2 ** 25
const MAX_SLOTS = 2 ** 23
/** What a line takes besides its values. */
const LINE_BYTES = 40

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function openRetiredFiles(directory: string): StoreReader {
  const files = { values: RETIRED_VALUES, catalog: RETIRED_CATALOG, worker: undefined }
  return new StoreReader(directory, { worker: 0, id: 0, base: 'retired' }, files)
}

/** Reads the totals of the dead; undefined where nobody has died yet. */
export function openRetired(directory: string): StoreReader | undefined {
  try {
    return openRetiredFiles(directory)
  } catch {
    return undefined
  }
}

function openReader(directory: string, name: StoreName): StoreReader | undefined {
  try {
    return StoreReader.open(directory, name)
  } catch {
    return undefined
  }
}
