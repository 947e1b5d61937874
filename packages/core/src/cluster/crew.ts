import type { RestartReason } from '../metrics.ts'
import type { Warner } from '../server/warner.ts'
import { describeExit, type Exit, RestartPace, reasonOf } from './restarts.ts'
import type { HandleState } from './worker-handle.ts'
import { WorkerHandle } from './worker-handle.ts'

/** Who works: one worker for each slot, another one in the same slot when it ends. */
export class Crew {
  readonly #options: CrewOptions
  readonly #slots: Slot[]
  #ending = false
  #lastDeath = ''

  constructor(options: CrewOptions) {
    this.#options = options
    this.#slots = Array.from({ length: options.workers }, (_, i) => ({ number: i + 1, pace: new RestartPace() }))
  }

  /** Starts all of them. */
  start(): void {
    for (const slot of this.#slots) this.#fill(slot)
  }

  get workers(): WorkerStatus[] {
    return this.#slots.map(({ number, handle }) => ({
      worker: number,
      pid: handle?.pid,
      state: handle?.state ?? 'dead',
    }))
  }

  /** Why nobody would be answered now, as a sentence; undefined where somebody would. */
  get whyNotReady(): string | undefined {
    if (this.#ending) return 'The workers are being ended.'
    if (this.#slots.some(({ handle }) => handle?.state === 'running')) return undefined
    return `No worker is listening${this.#lastDeath === '' ? ' yet' : `: ${this.#lastDeath}`}.`
  }

  /** Lets the workers bring their numbers up to date. One that takes long is not waited for. */
  async collect(): Promise<void> {
    await Promise.all(this.#handles().map(handle => handle.collect()))
  }

  /** Ends all of them, each when it has answered what it has accepted. Resolves when the last one is gone. */
  async drain(timeoutMs: number): Promise<void> {
    this.#end()
    const ends = this.#handles().map(async handle => {
      const { killed } = await handle.drain(timeoutMs)
      if (killed) this.#options.warner.say(`worker ${handle.slot} had not ended after ${timeoutMs} ms and was killed.`)
    })
    await Promise.all(ends)
  }

  /** Ends all of them at once. */
  kill(): void {
    this.#end()
    for (const handle of this.#handles()) handle.kill()
  }

  #end(): void {
    this.#ending = true
    for (const slot of this.#slots) clearTimeout(slot.timer)
  }

  #handles(): WorkerHandle[] {
    return this.#slots.flatMap(({ handle }) => handle ?? [])
  }

  #fill(slot: Slot): void {
    if (this.#ending) return
    try {
      const handle = new WorkerHandle(slot.number, this.#options.directory, () => this.#listens())
      slot.handle = handle
      void handle.exited.then(exit => this.#ended(slot, handle, exit))
    } catch (error) {
      this.#options.warner.say(`worker ${slot.number} could not be started: ${String(error)}.`)
      slot.timer = setTimeout(() => this.#fill(slot), slot.pace.delayAfterMs(0))
    }
  }

  #listens(): void {
    if (this.#slots.every(({ handle }) => handle?.state === 'running')) this.#options.onComplete()
  }

  #ended(slot: Slot, handle: WorkerHandle, exit: Exit): void {
    slot.handle = undefined
    this.#options.onDeath()
    if (this.#ending) return
    const reason = reasonOf(exit)
    const delayMs = slot.pace.delayAfterMs(handle.ageMs)
    this.#lastDeath = `worker ${slot.number} (process ${handle.pid}) ended by ${reason} (${describeExit(exit)})`
    this.#options.warner.say(`${this.#lastDeath}; another starts ${delayMs === 0 ? 'now' : `in ${delayMs} ms`}.`)
    slot.timer = setTimeout(() => {
      this.#options.onRestart(slot.number, reason)
      this.#fill(slot)
    }, delayMs)
  }
}

export interface CrewOptions {
  readonly workers: number
  readonly directory: string
  readonly warner: Warner
  /** All of them listen. */
  readonly onComplete: () => void
  /** One of them is gone. */
  readonly onDeath: () => void
  /** The place of one that ended is about to be filled. */
  readonly onRestart: (worker: number, reason: RestartReason) => void
}

/** One worker, as a cluster tells of it. */
export interface WorkerStatus {
  /** Its stable small number, from 1. */
  readonly worker: number
  /** Undefined between two processes. */
  readonly pid: number | undefined
  readonly state: HandleState
}

interface Slot {
  readonly number: number
  readonly pace: RestartPace
  handle?: WorkerHandle | undefined
  timer?: NodeJS.Timeout | undefined
}
