import type { Definition } from '../../definitions/definition.ts'
import type { Exemplar } from '../../store/exemplar.ts'
import type { Exemplars } from '../snapshot.ts'

/** The exemplars of a family's series: the newest for each bucket. */
export class NewestExemplars {
  /** By series and bucket; undefined if there are none. */
  #bySeries: Map<number, (Exemplar | undefined)[]> | undefined

  clear(): void {
    this.#bySeries = undefined
  }

  /** Adds an exemplar of a counter or a histogram. */
  add({ type, buckets }: Definition, series: number, exemplar: Exemplar): void {
    this.#bySeries ??= new Map()
    const own = this.#bySeries.get(series) ?? []
    this.#bySeries.set(series, own)
    const bound = type === 'counter' ? 0 : buckets.findIndex(each => exemplar.value <= each)
    const bucket = bound < 0 ? buckets.length : bound
    const other = own[bucket]
    if (other === undefined || exemplar.timestamp > other.timestamp) own[bucket] = exemplar
  }

  /** By the index of the series in the snapshot; undefined if there are none. */
  at(placeOf: (series: number) => number | undefined): ReadonlyMap<number, Exemplars> | undefined {
    if (this.#bySeries === undefined) return undefined
    const placed: [number, Exemplars][] = []
    for (const [series, own] of this.#bySeries) {
      const place = placeOf(series)
      if (place !== undefined) placed.push([place, own])
    }
    return new Map(placed.sort(([a], [b]) => a - b))
  }
}
