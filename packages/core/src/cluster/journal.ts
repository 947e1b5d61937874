import { FAMILIES, type RestartReason, SIGNAL_NAMES, type SignalName } from '../metrics.ts'
import type { StoreFamily } from '../store/family.ts'
import type { Store } from '../store/store.ts'
import { EXIT_REASONS } from './restarts.ts'

/** What the primary writes down of its own doings. Every series that can be foreseen is there from the start, as zero. */
export class Journal {
  readonly #restarts: StoreFamily
  readonly #signals: StoreFamily
  readonly #target: StoreFamily

  constructor(store: Store, workers: number) {
    this.#restarts = store.family(FAMILIES.workerRestarts)
    this.#signals = store.family(FAMILIES.signals)
    this.#target = store.family(FAMILIES.workersTarget)
    for (let worker = 1; worker <= workers; worker++) {
      for (const reason of EXIT_REASONS) this.#restarts.slot([String(worker), reason])
    }
    for (const name of SIGNAL_NAMES) this.#signals.slot([name])
    this.wants(workers)
  }

  /** How many workers there should be. */
  wants(workers: number): void {
    this.#target.slab.values[this.#target.slot([])] = workers
  }

  restarted(worker: number, reason: RestartReason): void {
    increment(this.#restarts, [String(worker), reason])
  }

  signalled(name: SignalName): void {
    increment(this.#signals, [name])
  }
}

function increment(family: StoreFamily, labels: readonly string[]): void {
  const slot = family.slot(labels)
  family.slab.values[slot] = family.slab.values[slot]! + 1
}
