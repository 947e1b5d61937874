import { Merger } from '../snapshot/merge/merge.ts'
import { Sequence } from '../snapshot/sequence.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { runCooperatively, type Task } from '../snapshot/task.ts'
import type { Store } from '../store/store.ts'
import { herdName } from './herd-identity.ts'
import { selfMetricsOf } from './metrics/self-metrics.ts'
import { SelfSource } from './metrics/self-source.ts'

/** A herd of a single process: the same snapshot, read from its own store on the heap. */
export class SingleProcessHerd implements SnapshotSource {
  readonly #merger = new Merger()
  readonly #self: SelfSource
  readonly #identity: Pick<Snapshot, 'herd' | 'startedAt'>
  readonly #sequence = new Sequence()

  constructor(store: Store) {
    this.#self = new SelfSource(store)
    this.#identity = { herd: herdName(store.id), startedAt: store.startedAt }
  }

  snapshot(): Promise<Snapshot> {
    return this.#sequence.run(() => runCooperatively(this.#scan()))
  }

  *#scan(): Task<Snapshot> {
    const startedAt = performance.now()
    this.#self.refresh()
    this.#merger.begin()
    yield* this.#merger.add(this.#self)
    const { families } = yield* this.#merger.finish()
    const withSelfMetrics = selfMetricsOf({
      members: [this.#self],
      states: { live: 1, retired: 0, damaged: 0, unknown_version: 0 },
      families,
      seconds: (performance.now() - startedAt) / 1000,
    })
    return { takenAt: Date.now() / 1000, ...this.#identity, families: withSelfMetrics }
  }

  async close(): Promise<void> {}
}
