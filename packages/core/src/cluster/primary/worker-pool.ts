import type { WorkerStatus } from '../cluster.ts'
import type { EndReason, WorkerHandle } from '../worker-handle.ts'
import { WorkerSlot, type WorkerSlotOptions } from './worker-slot.ts'

/** The worker pool: one worker slot for each worker. Replacements run one at a time. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #slots: WorkerSlot[] = []
  /** Slots that were removed, while their workers are still exiting. */
  readonly #removed = new Set<WorkerSlot>()
  /** The highest number that a slot has had. */
  #highest = 0
  #closed = false
  #queue: Promise<unknown> = Promise.resolve()
  #pendingReload: Promise<boolean> | undefined

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#slots.length
  }

  get workers(): WorkerStatus[] {
    return this.#slots.map(({ status }) => status)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Why no worker would respond now, as a sentence; undefined if one would. */
  get whyNotReady(): string | undefined {
    if (this.#closed) return 'The workers are being ended.'
    if (this.workers.some(({ state }) => state === 'running')) return undefined
    const lastExit = this.#slots.findLast(slot => slot.lastExit !== '')?.lastExit
    return `No worker is listening${lastExit === undefined ? ' yet' : `: ${lastExit}`}.`
  }

  /** Changes the number of workers. Resolves when the new ones have started, and the others have exited. */
  async scale(workers: number): Promise<void> {
    if (this.#closed) return
    const changes: Promise<void>[] = []
    while (this.#slots.length < workers) changes.push(this.#addSlot())
    while (this.#slots.length > workers) changes.push(this.#remove(this.#slots.pop()!, 'scale'))
    await Promise.all(changes)
  }

  /** Replaces all workers, one after the other. Stops at the first that does not start; false if it stopped. */
  reload(): Promise<boolean> {
    this.#pendingReload ??= this.#queued(() => {
      this.#pendingReload = undefined
      return this.#replaceAll()
    })
    return this.#pendingReload
  }

  /** Ends the workers with these stores, because they hang. */
  abort(stores: ReadonlySet<number>): void {
    for (const slot of this.#slots) {
      for (const handle of slot.handles) if (handle.store !== undefined && stores.has(handle.store)) slot.abort(handle)
    }
  }

  /**
   * Ends all workers: by `signals`, or when they have answered all accepted requests. Resolves when the last one has
   * exited.
   */
  async drain(signals?: readonly NodeJS.Signals[]): Promise<void> {
    this.#closed = true
    for (const slot of this.#slots) slot.stopRestarting()
    await this.#options.stopAccepting()
    await Promise.all([...this.#slots, ...this.#removed].map(slot => slot.leave('close', signals)))
  }

  /** Kills all workers. */
  kill(): void {
    this.#closed = true
    for (const slot of [...this.#slots, ...this.#removed]) slot.kill()
  }

  #addSlot(): Promise<void> {
    const number = this.#slots.length + 1
    const slot: WorkerSlot = new WorkerSlot(number, number <= this.#highest ? 'scale' : undefined, {
      ...this.#options,
      isLast: () => this.#slots.every(({ handles }) => handles.length === 0),
      onListening: () => this.#workerListens(),
      onRequestLimit: handle => this.#replaceAtLimit(slot, handle),
    })
    this.#highest = Math.max(this.#highest, number)
    this.#slots.push(slot)
    return slot.start()
  }

  async #remove(slot: WorkerSlot, reason: EndReason): Promise<void> {
    this.#removed.add(slot)
    await slot.leave(reason)
    this.#removed.delete(slot)
  }

  async #replaceAll(): Promise<boolean> {
    for (const slot of [...this.#slots]) {
      // A slot that was removed in the meantime needs no replacement.
      if (!this.#slots.includes(slot)) continue
      if (await slot.replace('reload')) continue
      if (this.#closed) return false
      if (!this.#slots.includes(slot)) continue
      this.#options.warner.log(
        `the reload stopped at worker ${slot.number}: it and the workers after it were not replaced. Correct the cause, and reload again.`,
      )
      return false
    }
    return !this.#closed
  }

  #replaceAtLimit(slot: WorkerSlot, handle: WorkerHandle): void {
    void this.#queued(async () => {
      if (slot.has(handle) && handle.endReason === undefined) await slot.replace('max_requests')
    })
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  #workerListens(): void {
    if (this.workers.every(({ state }) => state === 'running')) this.#options.onComplete()
  }
}

interface WorkerPoolOptions extends Omit<WorkerSlotOptions, 'isLast' | 'onListening' | 'onRequestLimit'> {
  /** Stops accepting connections; resolves when the accepted ones are with the workers. */
  readonly stopAccepting: () => Promise<void>
  /** All workers listen. */
  readonly onComplete: () => void
}
