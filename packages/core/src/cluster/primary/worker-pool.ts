import type { WorkerStatus } from '../cluster.ts'
import type { EndReason, WorkerHandle } from '../worker-handle.ts'
import { Slot, type SlotOptions } from './worker-slot.ts'

/** The worker pool: one slot for each worker. Replacements run one at a time. */
export class Crew {
  readonly #options: CrewOptions
  readonly #slots: Slot[] = []
  /** Slots that were removed, while their workers are still exiting. */
  readonly #ending = new Set<Slot>()
  /** The highest number that a slot has had. */
  #most = 0
  #closed = false
  #turn: Promise<unknown> = Promise.resolve()
  #waitingReload: Promise<boolean> | undefined

  constructor(options: CrewOptions) {
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
    const lastDeath = this.#slots.findLast(slot => slot.lastDeath !== '')?.lastDeath
    return `No worker is listening${lastDeath === undefined ? ' yet' : `: ${lastDeath}`}.`
  }

  /** Changes the number of workers. Resolves when the new ones have started, and the others have exited. */
  async scale(workers: number): Promise<void> {
    if (this.#closed) return
    const changes: Promise<void>[] = []
    while (this.#slots.length < workers) changes.push(this.#addSlot())
    while (this.#slots.length > workers) changes.push(this.#giveUp(this.#slots.pop()!, 'scale'))
    await Promise.all(changes)
  }

  /** Replaces all workers, one after the other. Stops at the first that does not start; false if it stopped. */
  reload(): Promise<boolean> {
    this.#waitingReload ??= this.#inTurn(() => {
      this.#waitingReload = undefined
      return this.#replaceAll()
    })
    return this.#waitingReload
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
    for (const slot of this.#slots) slot.stopFilling()
    await this.#options.stopAccepting()
    await Promise.all([...this.#slots, ...this.#ending].map(slot => slot.leave('close', signals)))
  }

  /** Kills all workers. */
  kill(): void {
    this.#closed = true
    for (const slot of [...this.#slots, ...this.#ending]) slot.kill()
  }

  #addSlot(): Promise<void> {
    const number = this.#slots.length + 1
    const slot: Slot = new Slot(number, number <= this.#most ? 'scale' : undefined, {
      ...this.#options,
      isLast: () => this.#slots.every(({ handles }) => handles.length === 0),
      onListening: () => this.#listens(),
      onWorn: handle => this.#wears(slot, handle),
    })
    this.#most = Math.max(this.#most, number)
    this.#slots.push(slot)
    return slot.start()
  }

  async #giveUp(slot: Slot, reason: EndReason): Promise<void> {
    this.#ending.add(slot)
    await slot.leave(reason)
    this.#ending.delete(slot)
  }

  async #replaceAll(): Promise<boolean> {
    for (const slot of [...this.#slots]) {
      // A slot that was removed in the meantime needs no replacement.
      if (!this.#slots.includes(slot)) continue
      if (await slot.replace('reload')) continue
      if (this.#closed) return false
      if (!this.#slots.includes(slot)) continue
      this.#options.warner.log(`the reload ends at worker ${slot.number}: the workers after it stay as they were.`)
      return false
    }
    return !this.#closed
  }

  #wears(slot: Slot, handle: WorkerHandle): void {
    void this.#inTurn(async () => {
      if (slot.has(handle) && handle.endReason === undefined) await slot.replace('max_requests')
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  #listens(): void {
    if (this.workers.every(({ state }) => state === 'running')) this.#options.onComplete()
  }
}

export interface CrewOptions extends Omit<SlotOptions, 'isLast' | 'onListening' | 'onWorn'> {
  /** Stops accepting connections; resolves when the accepted ones are with the workers. */
  readonly stopAccepting: () => Promise<void>
  /** All workers listen. */
  readonly onComplete: () => void
}
