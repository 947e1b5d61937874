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
  /** The next line that the catalog has gained; undefined when there is no other. */
  nextLine(): CatalogLine | undefined
}
