import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ADDED_FOR_EVER, signatureOf } from '../snapshot/merge.ts'
import { CatalogWriter, type Definition, type SeriesLine, widthOf } from '../store/catalog.ts'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC } from '../store/header.ts'
import { keyOf } from '../store/store.ts'
import { RETIRED_CATALOG, RETIRED_VALUES, removeStore, type StoreName } from './directory.ts'
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
  #families: RetiredFamily[] = []
  #bySignature = new Map<string, RetiredFamily>()
  #values: Float64Array = new Float64Array(1024)
  #length = HEADER_SLOTS
  #generation = 0

  /** Takes up what an earlier keeper of the same herd has left. */
  constructor(directory: string) {
    this.#directory = directory
    this.#load()
  }

  /**
   * Adds the stores to the totals and removes them.
   * Throws what the file system throws; then nothing has changed, and the stores can be retired later.
   */
  retire(stores: readonly StoreName[]): void {
    try {
      const lines = stores.flatMap(store => this.#add(store))
      this.#writeNames(lines)
      this.#commit(stores)
    } catch (error) {
      this.#load()
      throw error
    }
    for (const store of stores) removeStore(this.#directory, store)
  }

  /** Adds one store in memory, and says which names the totals have gained by it. */
  #add(name: StoreName): NewName[] {
    const gained: NewName[] = []
    const reader = openReader(this.#directory, name)
    if (reader === undefined) return gained
    reader.refresh()
    const families: (RetiredFamily | undefined)[] = []
    for (const line of reader.takeLines()) {
      if (line.kind === 'family') families.push(this.#family(line, gained))
      if (line.kind !== 'series') continue
      const family = families[line.family]
      if (family === undefined || line.slot + family.width > reader.values.length) continue
      const values = family.definition.merge === 'worker' ? [...line.values, String(name.worker)] : line.values
      this.#addSeries(family, { ...line, values }, reader.values, gained)
    }
    reader.close()
    return gained
  }

  #family(definition: Definition, gained: NewName[]): RetiredFamily | undefined {
    if (!ADDED_FOR_EVER.has(definition.type)) return undefined
    const signature = signatureOf(definition)
    let family = this.#bySignature.get(signature)
    if (family === undefined) {
      family = { definition, index: this.#families.length, width: widthOf(definition), slots: new Map() }
      this.#families.push(family)
      this.#bySignature.set(signature, family)
      gained.push({ ...definition, kind: 'family' })
    }
    return family
  }

  #addSeries(family: RetiredFamily, line: SeriesLine, from: Float64Array, gained: NewName[]): void {
    const key = keyOf(line.values)
    let slot = family.slots.get(key)
    if (slot === undefined) {
      slot = this.#length
      this.#length += family.width
      family.slots.set(key, slot)
      gained.push({ ...line, family: family.index, slot })
    }
    this.#makeRoom(this.#length)
    for (let i = 0; i < family.width; i++) this.#values[slot + i] = this.#values[slot + i]! + from[line.slot + i]!
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
    const values = new Float64Array(this.#length + stores.length)
    values.set(this.#values.subarray(0, this.#length))
    values[HEADER.magic] = MAGIC
    values[HEADER.version] = FORMAT_VERSION
    values[HEADER.length] = this.#length
    values[HEADER.retiredIds] = stores.length
    values[HEADER.generation] = ++this.#generation
    stores.forEach((store, i) => {
      values[this.#length + i] = store.id
    })
    const path = join(this.#directory, RETIRED_VALUES)
    const draft = `${path}.draft`
    const fd = openSync(draft, 'w', 0o600)
    const bytes = new Uint8Array(values.buffer)
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, path)
  }

  #load(): void {
    this.#families = []
    this.#bySignature = new Map()
    this.#values = new Float64Array(1024)
    this.#length = HEADER_SLOTS
    rmSync(join(this.#directory, `${RETIRED_VALUES}.draft`), { force: true })
    const reader = openRetired(this.#directory)
    if (reader === undefined) return
    if (reader.refresh() === 'read') {
      this.#length = reader.header('length')
      this.#generation = reader.header('generation')
      this.#makeRoom(this.#length)
      this.#values.set(reader.values.subarray(0, this.#length))
    }
    for (const line of reader.takeLines()) {
      if (line.kind === 'family') this.#family(line, [])
      const family = line.kind === 'series' ? this.#families[line.family] : undefined
      if (line.kind !== 'series' || family === undefined) continue
      family.slots.set(keyOf(line.values), line.slot)
      // A name whose commit never came keeps its slot, since some reader may know it: it has counted nothing so far.
      this.#length = Math.max(this.#length, line.slot + family.width)
    }
    this.#makeRoom(this.#length)
    reader.close()
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
  readonly width: number
  readonly slots: Map<string, number>
}

type NewName = Parameters<CatalogWriter['append']>[0]

/** Reads the totals of the dead; undefined where nobody has died yet. */
export function openRetired(directory: string): StoreReader | undefined {
  const files = { values: RETIRED_VALUES, catalog: RETIRED_CATALOG, worker: undefined }
  try {
    return new StoreReader(directory, { worker: 0, id: 0, base: 'retired' }, files)
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
