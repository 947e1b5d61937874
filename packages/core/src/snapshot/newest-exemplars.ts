import type { Definition } from '../store/catalog.ts'
import type { Exemplar } from '../store/exemplar.ts'
import type { Exemplars } from './snapshot.ts'

/** The exemplars of a family's series. Of several for one bucket the newest stands. */
export class NewestExemplars {
  /** By series and bucket; undefined where nobody has given any. */
  #bySeries: Map<number, (Exemplar | undefined)[]> | undefined

  clear(): void {
    this.#bySeries = undefined
  }

  /** Takes in one of a counter, or of a histogram. */
  add({ type, buckets }: Definition, series: number, exemplar: Exemplar): void {
    this.#bySeries ??= new Map()
    const own = this.#bySeries.get(series) ?? []
    this.#bySeries.set(series, own)
    const bound = type === 'counter' ? 0 : buckets.findIndex(each => exemplar.value <= each)
    const bucket = bound < 0 ? buckets.length : bound
    const other = own[bucket]
    if (other === undefined || exemplar.timestamp > other.timestamp) own[bucket] = exemplar
  }

  /** By the places at which the series are shown; undefined where nobody has given any. */
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
