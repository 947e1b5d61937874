import type { CatalogLine } from '../store/catalog.ts'
import type { StoredExemplar } from '../store/exemplar.ts'
import type { Changes } from './changes.ts'

/** Somebody's numbers, as the merger wants them. They stay as they are while a sum is made of them. */
export interface Source {
  /** Undefined where the series bear their worker themselves: the totals of the dead. */
  readonly worker: number | undefined
  readonly startedAt: number
  /** True where nobody owns it any more: its counts count, its gauges do not. */
  readonly gone: boolean
  readonly values: Float64Array
  /** What may have changed in `values` since the last sum, which clears it; undefined where that is not known. */
  readonly changes?: Changes | undefined
  /** Undefined, or none, where nobody has given any. */
  readonly exemplars?: readonly StoredExemplar[] | undefined
  readonly names: Names
}

/** The lines of a catalog as they come, each once. */
export interface Names {
  /**
   * The next one; `taken` where `taker` knew it and has taken it in; undefined where there is none now. Whoever has
   * the lines need not ask.
   */
  next(taker: SeriesTaker): CatalogLine | 'taken' | undefined
}

/** Whoever knows series by the text that names them. An object: V8 makes code anew for each function it is given. */
export interface SeriesTaker {
  /**
   * Takes in that the series of this family of the source whose label values read so as JSON stands at `slot`; false
   * where it is not known, and the line has to be read.
   */
  take(family: number, values: string, slot: number): boolean
}
