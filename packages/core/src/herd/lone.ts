import { Merger } from '../snapshot/merge.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import type { Source } from '../snapshot/source.ts'
import type { CatalogLine } from '../store/catalog.ts'
import { HEADER } from '../store/header.ts'
import type { Store } from '../store/store.ts'
import { aboutTheHerd, type Member } from './about.ts'

/** A process alone is a herd of one: the same snapshot, read from its own store on the heap. */
export class LoneHerd implements SnapshotSource {
  readonly #merger = new Merger()
  readonly #self: SelfSource

  constructor(store: Store) {
    this.#self = new SelfSource(store)
  }

  async snapshot(): Promise<Snapshot> {
    const startedAt = performance.now()
    this.#merger.begin()
    this.#merger.add(this.#self)
    const { families } = this.#merger.finish()
    const about = aboutTheHerd({
      members: [this.#self],
      states: { live: 1, retired: 0, damaged: 0, unknown_version: 0 },
      families,
      seconds: (performance.now() - startedAt) / 1000,
    })
    return { takenAt: Date.now() / 1000, families: about }
  }

  async close(): Promise<void> {}
}

/** A store on the heap, read in the process that it belongs to. */
export class SelfSource implements Source, Member {
  readonly worker: number
  readonly startedAt: number
  readonly nodeVersion: string = process.version
  readonly gone = false
  readonly #store: Store
  #read = 0

  constructor(store: Store) {
    this.#store = store
    this.worker = store.worker
    this.startedAt = store.startedAt
  }

  get values(): Float64Array {
    return this.#store.slab.values
  }

  header(field: keyof typeof HEADER): number {
    return this.values[HEADER[field]]!
  }

  takeLines(): readonly CatalogLine[] {
    const lines = this.#store.linesFrom(this.#read)
    this.#read += lines.length
    return lines
  }
}
