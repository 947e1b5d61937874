import { Changes } from '../../snapshot/changes.ts'
import type { Names, Source } from '../../snapshot/source.ts'
import type { CatalogLine } from '../../store/catalog.ts'
import type { StoredExemplar } from '../../store/exemplar.ts'
import { HEADER } from '../../store/header.ts'
import type { Store } from '../../store/store.ts'
import type { Member } from './self-metrics.ts'

/** A store on the heap, read in its own process. */
export class SelfSource implements Source, Member {
  readonly worker: number
  readonly startedAt: number
  readonly nodeVersion: string = process.version
  readonly isExited = false
  values: Float64Array = new Float64Array(0)
  readonly changes: Changes = new Changes()
  readonly names: Names = { next: () => (this.#next === this.#end ? undefined : this.#lines[this.#next++]) }
  readonly #store: Store
  #lines: readonly CatalogLine[] = []
  #next = 0
  #end = 0
  #read = 0

  constructor(store: Store) {
    this.#store = store
    this.worker = store.worker
    this.startedAt = store.startedAt
  }

  get exemplars(): readonly StoredExemplar[] | undefined {
    return this.#store.exemplars?.list
  }

  /** Copies numbers and names at one moment: the owner may record between the steps of a sum. */
  refresh(): void {
    const { values } = this.#store.storage
    const length = values[HEADER.length]!
    if (this.values.length < length) this.#makeRoom(Math.min(values.length, length * 2))
    this.changes.take(values.subarray(0, length), this.values, 0)
    this.#lines = this.#store.linesFrom(this.#read)
    this.#next = 0
    this.#end = this.#lines.length
    this.#read += this.#end
  }

  #makeRoom(slots: number): void {
    const larger = new Float64Array(slots)
    larger.set(this.values)
    this.changes.mark(this.values.length, slots)
    this.values = larger
  }

  header(field: keyof typeof HEADER): number {
    return this.values[HEADER[field]]!
  }
}
