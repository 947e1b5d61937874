import {
  CUT_REASONS,
  type CutReason,
  RESTART_REASONS,
  type RestartReason,
  type SignalName,
} from '../../definitions/label-values.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import type { StoreFamily } from '../../store/family.ts'
import type { Store } from '../../store/store.ts'

/** The primary's own metrics. Every series that is known in advance is created at the start with the value 0. */
export class PrimaryMetrics {
  readonly #restarts: StoreFamily
  readonly #lost: StoreFamily
  readonly #cut: StoreFamily
  readonly #signals: StoreFamily
  readonly #target: StoreFamily
  readonly #withoutStore: StoreFamily
  readonly #errors: StoreFamily

  constructor(store: Store, workers: number, signals: readonly SignalName[]) {
    this.#restarts = store.family(FAMILIES.workerRestarts, MAX_RESTARTS)
    this.#lost = store.family(FAMILIES.workerLostRequests, MAX_WORKERS)
    this.#cut = store.family(FAMILIES.workerCutConnections, MAX_WORKERS * CUT_REASONS.length)
    this.#signals = store.family(FAMILIES.signals)
    this.#target = store.family(FAMILIES.workersTarget)
    this.#withoutStore = store.family(FAMILIES.workersWithoutStore)
    this.#withoutStore.slot([])
    this.#errors = store.family(FAMILIES.internalErrors)
    for (const name of signals) this.#signals.slot([name])
    this.setTarget(workers)
  }

  /** The target number of workers. */
  setTarget(workers: number): void {
    this.#target.storage.values[this.#target.slot([])] = workers
    for (let worker = 1; worker <= workers; worker++) {
      for (const reason of RESTART_REASONS) this.#restarts.slot([String(worker), reason])
      this.#lost.slot([String(worker)])
      for (const reason of CUT_REASONS) this.#cut.slot([String(worker), reason])
    }
  }

  /** The number of workers without a store that the herd can read. */
  setWithoutStore(workers: number): void {
    this.#withoutStore.storage.values[this.#withoutStore.slot([])] = workers
  }

  countRestart(worker: number, reason: RestartReason): void {
    increment(this.#restarts, [String(worker), reason])
  }

  /** Connections in use were closed because their worker ended. */
  countCut(worker: number, reason: CutReason, connections: number): void {
    increment(this.#cut, [String(worker), reason], connections)
  }

  countSignal(name: SignalName): void {
    increment(this.#signals, [name])
  }

  /** A hook of the user has thrown or rejected. */
  countHookError(): void {
    increment(this.#errors, ['callback'])
  }
}

const MAX_WORKERS = 1024
const MAX_RESTARTS = MAX_WORKERS * RESTART_REASONS.length

function increment(family: StoreFamily, labels: readonly string[], by = 1): void {
  const slot = family.slot(labels)
  family.storage.values[slot] = family.storage.values[slot]! + by
}
