import type { CatalogLine } from '../store/catalog.ts'
import type { StoredExemplar } from '../store/exemplar.ts'
import type { Changes } from './changes.ts'

/** One set of numbers as input for the merger. They do not change while a sum is computed from them. */
export interface Source {
  /** Undefined if the series contain their worker themselves, as in retired totals. */
  readonly worker: number | undefined
  readonly startedAt: number
  /** True if its owner has exited: its counts are included, its gauges are not. */
  readonly isExited: boolean
  readonly values: Float64Array
  /** The changes in `values` since the last sum, which resets them; undefined if unknown. */
  readonly changes?: Changes | undefined
  /** Undefined or empty if there are none. */
  readonly exemplars?: readonly StoredExemplar[] | undefined
  readonly names: Names
}

/** Reads the lines of a catalog incrementally, each once. */
export interface Names {
  /**
   * The next line; `'known'` if its series was found in `known` and added there; undefined if there is none at present.
   * Implementations that have decoded lines need not use `known`.
   */
  next(known: KnownSeries): CatalogLine | 'known' | undefined
}

/**
 * The series that the sum has already, by the text that names them in a catalog. An object, because V8 recompiles code
 * for each new function that it is passed.
 */
export interface KnownSeries {
  /**
   * Adds the series of this family with these label values, given as JSON, which is at `slot` of the source. Returns
   * false if the sum has no such series; the line must then be decoded.
   */
  addAt(family: number, values: string, slot: number): boolean
}
