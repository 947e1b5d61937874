import { type Definition, signatureOf, widthOf } from '../../definitions/definition.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { CUMULATIVE_TYPES } from '../../snapshot/merge/sums.ts'
import type { Task } from '../../snapshot/task.ts'
import type { CatalogLine, FamilyLine, SeriesLine } from '../../store/catalog.ts'
import { keyOf, OVERFLOW } from '../../store/family.ts'
import { HEADER_SLOTS } from '../../store/header.ts'
import type { StoreName } from '../directory/directory.ts'
import type { StoreReader } from '../reading/reader.ts'
import type { FinalState } from './final-state.ts'

/** The retired totals in memory: families, the slots of their series, and the numbers. */
export class RetiredTotals {
  /** The numbers, after the slots of a header; slots from `length` on are unused. */
  values: Float64Array = new Float64Array(1024)
  length: number = HEADER_SLOTS
  readonly #maxNameBytes: number
  /** The approximate size of the catalog. */
  #nameBytes = 0
  readonly #families: RetiredFamily[] = []
  readonly #bySignature = new Map<string, RetiredFamily>()
  #newNames: NewName[] = []

  constructor(maxNameBytes: number = MAX_NAME_BYTES) {
    this.#maxNameBytes = maxNameBytes
  }

  /** Begins with the numbers of an earlier leader, whose names take `nameBytes` bytes. */
  begin(values: Float64Array, nameBytes: number): void {
    this.length = values.length
    this.#nameBytes = nameBytes
    this.#makeRoom(values.length)
    this.values.set(values)
  }

  /**
   * Adds a line of the catalog. If the leader exited after writing a name and before committing its value, the series
   * keeps its slots with the value 0, because a reader may have read the name.
   */
  addLine(line: CatalogLine): void {
    if (line.kind === 'family') {
      const { sinceSlot = 0, index, ...definition } = line
      this.#register(definition, index, sinceSlot)
      this.length = Math.max(this.length, sinceSlot + 1)
    }
    const family = line.kind === 'series' ? this.#families[line.family] : undefined
    if (line.kind === 'series' && family !== undefined) {
      family.slots.set(keyOf(line.values), line.slot)
      this.length = Math.max(this.length, line.slot + family.width)
    }
    this.#makeRoom(this.length)
  }

  /** The names that were added since the last call. */
  takeNewNames(): readonly NewName[] {
    const names = this.#newNames
    this.#newNames = []
    return names
  }

  /**
   * Adds the final state of one store. `sampledCpu` are the CPU seconds of its process as the operating system has
   * reported them last. Returns the CPU seconds that were added because the process has not reported them.
   */
  *add(store: Pick<StoreName, 'worker'>, reader: LastNumbers, state: FinalState, sampledCpu = 0): Task<number> {
    const families = new Map<number, RetiredFamily>()
    const open = new Set<number>()
    for (const line of state.families) {
      if (OPEN.has(line.name)) open.add(line.index)
      const family = this.#family(line)
      const since = Math.max(reader.startedAt, line.since ?? 0)
      if (family !== undefined) families.set(line.index, this.#setSince(family, since))
    }
    let addedCpu = 0
    let added = 0
    for (const line of state.series) {
      if (++added % SERIES_PER_STEP === 0) yield
      if (open.has(line.family)) this.#addLost(store, reader, line)
      const family = families.get(line.family)
      if (family === undefined) continue
      const { labels, aggregator } = family.definition
      if (line.values.length !== labels.length || line.slot + family.width > reader.values.length) continue
      const values = aggregator === 'worker' ? [...line.values, String(store.worker)] : line.values
      this.#addSeries(family, { ...line, values }, reader.values)
      const unreported = sampledCpu - reader.values[line.slot]!
      if (family.definition.name !== FAMILIES.workerCpu.name || !(unreported > 0)) continue
      this.#addSeries(family, { ...line, values, slot: 0 }, Float64Array.of(unreported))
      addedCpu += unreported
    }
    return addedCpu
  }

  /**
   * Requests that were open when their worker exited count as lost, in the same commit, so that they are counted once
   * too.
   */
  #addLost(store: Pick<StoreName, 'worker'>, reader: LastNumbers, line: SeriesLine): void {
    const lost = reader.values[line.slot] ?? 0
    if (!(lost > 0)) return
    const family = this.#family(FAMILIES.workerLostRequests)
    if (family === undefined) return
    this.#setSince(family, reader.startedAt)
    this.#addSeries(family, { ...line, values: [String(store.worker)], slot: 0 }, Float64Array.of(lost))
  }

  #family(given: Definition): RetiredFamily | undefined {
    if (!CUMULATIVE_TYPES.has(given.type)) return undefined
    const family = this.#bySignature.get(signatureOf(given))
    if (family !== undefined) return family
    const { name, type, help, labels, buckets, aggregator, countsInto } = given
    const definition = {
      name,
      type,
      help,
      labels,
      buckets,
      aggregator,
      ...(countsInto === undefined ? {} : { countsInto }),
    }
    const index = this.#families.length
    const sinceSlot = this.length++
    this.#newNames.push({ ...definition, kind: 'family', index, sinceSlot })
    return this.#register(definition, index, sinceSlot)
  }

  #register(definition: Definition, index: number, sinceSlot: number): RetiredFamily {
    const family = { definition, index, sinceSlot, width: widthOf(definition), slots: new Map() }
    this.#families[index] = family
    this.#bySignature.set(signatureOf(definition), family)
    return family
  }

  /** Records the start time of the newest store with this definition: the newest definition is served. */
  #setSince(family: RetiredFamily, startedAt: number): RetiredFamily {
    this.#makeRoom(this.length)
    this.values[family.sinceSlot] = Math.max(this.values[family.sinceSlot]!, startedAt)
    return family
  }

  #addSeries(family: RetiredFamily, line: SeriesLine, from: Float64Array): void {
    const slot = family.slots.get(keyOf(line.values)) ?? this.#newSlot(family, line)
    this.#makeRoom(this.length)
    for (let i = 0; i < family.width; i++) this.values[slot + i] = this.values[slot + i]! + from[line.slot + i]!
  }

  /**
   * The slot for one more series. Each label set leaves its name in the catalog forever, and readers stop reading a
   * catalog that is too long. Before that, new series are added to the overflow series of their family.
   */
  #newSlot(family: RetiredFamily, { values, overflow }: SeriesLine): number {
    if (!overflow && (this.#nameBytes >= this.#maxNameBytes || this.length >= MAX_SLOTS)) {
      const rest = values.map(() => OVERFLOW)
      return family.slots.get(keyOf(rest)) ?? this.#nameSlot(family, { values: rest, overflow: true })
    }
    return this.#nameSlot(family, overflow ? { values, overflow } : { values })
  }

  #nameSlot(family: RetiredFamily, name: Pick<SeriesLine, 'values' | 'overflow'>): number {
    const slot = this.length
    this.length += family.width
    family.slots.set(keyOf(name.values), slot)
    this.#newNames.push({ kind: 'series', ...name, family: family.index, slot })
    this.#nameBytes += LINE_BYTES + Buffer.byteLength(name.values.join(''))
    return slot
  }

  #makeRoom(slots: number): void {
    if (slots <= this.values.length) return
    const larger = new Float64Array(Math.max(slots, this.values.length * 2))
    larger.set(this.values)
    this.values = larger
  }
}

/** The final numbers of a store, and its start time. */
type LastNumbers = Pick<StoreReader, 'startedAt' | 'values'>

interface RetiredFamily {
  readonly definition: Definition
  readonly index: number
  readonly sinceSlot: number
  readonly width: number
  readonly slots: Map<string, number>
}

/** The families that count open requests. */
const OPEN: ReadonlySet<string> = new Set(
  [FAMILIES.requestsInFlight, FAMILIES.serverActive, FAMILIES.streamsOpen].map(({ name }) => name),
)

/** A line to be appended to the catalog of the totals. */
export type NewName = FamilyLine | SeriesLine

/** A series takes about 2 µs, and ten times that before the code is compiled. */
const SERIES_PER_STEP = 64
/** Half of what readers accept, in names and in numbers. */
const MAX_NAME_BYTES = 2 ** 25
const MAX_SLOTS = 2 ** 23
/** The size of a line without its values. */
const LINE_BYTES = 40
