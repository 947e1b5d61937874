import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Store } from '../store/store.ts'
import type { StoreReader } from './reader.ts'

type Identity = Pick<Snapshot, 'herd' | 'startedAt'>

/**
 * Which herd a process reads. Each herd that begins in a directory writes totals with an id of its own, which stays when
 * leaders, primaries and workers are replaced. A herd without totals is identified by the process that reads it.
 *
 * An identity that was shown is kept when totals are found later: no counter has begun anew because of that.
 */
export class HerdIdentity {
  #current: Identity
  #isShown = false
  /** The id in the totals that were read last; 0 before any were. */
  #totalsId = 0

  constructor(own: Store) {
    this.#current = { herd: herdName(own.id), startedAt: own.startedAt }
  }

  /** The identity, as the totals of the herd's first directory give it. */
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

/** The id of a store or of totals as text. */
export function herdName(id: number): string {
  return id.toString(36)
}
