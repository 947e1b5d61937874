import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Store } from '../store/store.ts'
import type { StoreReader } from './reading/reader.ts'

type Identity = Pick<Snapshot, 'herd' | 'startedAt'>

/**
 * The identity of the herd that a process reads. Each herd that begins in a directory writes totals with an id of its
 * own, which stays when leaders, primaries and workers are replaced. A herd without totals is identified by the process
 * that reads it.
 *
 * An identity that was already served is kept when totals are found later, because the counters did not restart.
 */
export class HerdIdentity {
  #current: Identity
  #isShown = false
  /** The id in the totals that were read last; 0 before the first. */
  #totalsId = 0

  constructor(own: Store) {
    this.#current = { herd: herdName(own.id), startedAt: own.startedAt }
  }

  /** The identity, from the totals of the herd's first directory. */
  read(totals: StoreReader | undefined): Identity {
    const id = totals?.header('storeId') ?? 0
    if (totals !== undefined && id !== 0 && id !== this.#totalsId) {
      if (this.#totalsId !== 0 || !this.#isShown) {
        this.#current = { herd: herdName(id), startedAt: totals.startedAt || this.#current.startedAt }
      }
      this.#totalsId = id
    }
    this.#isShown = true
    return this.#current
  }
}

/** The id of a store or of totals as a string. */
export function herdName(id: number): string {
  return id.toString(36)
}
