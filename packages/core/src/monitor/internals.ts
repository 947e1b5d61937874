import type { Bytes } from '../exposition/bytes.ts'
import type { FormatName } from '../exposition/negotiate.ts'
import type { InstrumentMaker } from '../instruments/instruments.ts'
import type { SnapshotSource } from '../snapshot/snapshot.ts'
import type { Store } from '../store/store.ts'
import type { StoreLocation } from './store-location.ts'

/**
 * The parts of a monitor that adapters, workers and clients of promherd use, and users do not. They are not in the type
 * of a monitor and not among its keys.
 */
export interface MonitorInternals {
  /** The numbers of this process. */
  readonly store: Store
  /** The location of the store's files: the primary of a worker may change it. */
  readonly location: StoreLocation
  /**
   * The text of the metrics as bytes, in chunks to be sent one after the other: for a large herd it can exceed 20 MB.
   * The chunks must not be modified.
   */
  textBytes(): Promise<Bytes>
  /** The snapshot in the format that the reader requested, gzipped if that was requested and is worthwhile. */
  exposition(format: FormatName, isPacked: boolean): Promise<Exposition>
}

/** The body and headers of a response with metrics. */
export interface Exposition {
  readonly contentType: string
  readonly encoding: 'gzip' | undefined
  readonly bytes: Bytes
}

/** The key of the internals. As the default monitor, they can be read by a copy of this package of another version. */
export const INTERNALS: unique symbol = Symbol.for('promherd.internals.v1')

/** The internals of a monitor. */
export function internalsOf(monitor: SnapshotSource & InstrumentMaker): MonitorInternals {
  return (monitor as unknown as { readonly [INTERNALS]: MonitorInternals })[INTERNALS]
}
