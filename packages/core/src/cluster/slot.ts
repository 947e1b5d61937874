import type { CutReason, RestartReason } from '../metrics.ts'
import type { Warner } from '../server/warner.ts'
import type { WorkerExit, WorkerStatus } from './cluster.ts'
import { describeExit, RestartPace } from './restarts.ts'
import type { Exit, Spawn } from './spawned.ts'
import { type EndReason, WorkerHandle } from './worker-handle.ts'

/**
 * The place of one worker. There is one process (or thread) in it that serves; another one when that ends; and for a
 * while two, when one replaces the other.
 */
export class Slot {
  readonly number: number
  readonly #options: SlotOptions
  readonly #pace = new RestartPace()
  /** Who serves. */
  #handle: WorkerHandle | undefined
  /** Who is to take its place, until it listens. */
  #next: WorkerHandle | undefined
  /** Who was replaced and still answers. */
  readonly #leaving = new Set<WorkerHandle>()
  /** Why the last one ended, while nobody has come after it: the next one is a restart then. */
  #owed: RestartReason | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** How the last one that nobody had ended came to its end. */
  lastDeath = ''

  /** `after` says why the worker ended that had this number before. */
  constructor(number: number, after: RestartReason | undefined, options: SlotOptions) {
    this.number = number
    this.#owed = after
    this.#options = options
  }

  get status(): WorkerStatus {
    return { worker: this.number, pid: this.#handle?.pid, state: this.#handle?.state ?? 'dead' }
  }

  get handles(): WorkerHandle[] {
    return [this.#handle, this.#next, ...this.#leaving].filter(handle => handle !== undefined)
  }

  /** True for the process that serves here. */
  has(handle: WorkerHandle): boolean {
    return this.#handle === handle
  }

  /** Starts the first process, and resolves when it listens or has ended. */
  async start(): Promise<void> {
    this.#fill()
    const first = this.#handle
    await first?.settled(this.#options.startTimeoutMs)
    if (first?.state !== 'starting') return
    this.#options.warner.say(
      `worker ${this.number} (${first.name}) does not listen after ${this.#options.startTimeoutMs} ms. It is waited for: see that the application calls listen().`,
    )
  }

  /**
   * Starts another process here, and drains the one there was once the new one listens. False where it does not come
   * up; then the old one stays.
   */
  async replace(reason: RestartReason): Promise<boolean> {
    if (this.#closed) return false
    clearTimeout(this.#timer)
    const next = this.#tryToSpawn()
    this.#next = next
    await next?.settled(this.#options.startTimeoutMs)
    this.#next = undefined
    if (next === undefined || next.state !== 'running') {
      if (!this.#closed) this.#failed(next, reason)
      return false
    }
    const old = this.#handle
    this.#handle = next
    this.#countRestart(old === undefined ? this.#owed : reason)
    if (old !== undefined) await this.#drain(old, reason)
    return true
  }

  /** Ends one that hangs; the slot is filled again when it is gone. */
  abort(handle: WorkerHandle): void {
    if (this.has(handle) && handle.state === 'running' && handle.endReason === undefined) handle.abort()
  }

  /** Ends all that is here, for good. Resolves when the last one is gone. */
  async leave(reason: EndReason, signals: readonly NodeJS.Signals[] = UNASKED): Promise<void> {
    this.stopFilling()
    const { handles } = this
    await Promise.all(handles.map(handle => this.#drain(handle, reason, signals)))
  }

  /** Ends all that is here at once, for good. */
  kill(): void {
    this.stopFilling()
    for (const handle of this.handles) {
      handle.endReason ??= 'close'
      handle.kill()
    }
  }

  /** Starts no other process here from now on. */
  stopFilling(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #drain(handle: WorkerHandle, reason: EndReason, signals: readonly NodeJS.Signals[] = UNASKED): Promise<void> {
    const { drainTimeoutMs: timeoutMs, warner } = this.#options
    if (!this.has(handle)) this.#leaving.add(handle)
    const { killed, cut } = await handle.drain(reason, { timeoutMs, signals })
    if (!killed) return
    const connections =
      cut === undefined ? 'It did not report its connections' : `Connections that were cut off: ${cut}`
    warner.say(`worker ${this.number} had not ended after ${timeoutMs} ms and was killed. ${connections}.`)
  }

  #tryToSpawn(): WorkerHandle | undefined {
    try {
      const handle = new WorkerHandle(this.number, this.#options.spawn(this.number), this.#options)
      void handle.exited.then(exit => this.#ended(handle, exit))
      this.#options.onStart(handle)
      return handle
    } catch (error) {
      this.#options.warner.sayOnce(
        `spawn ${this.number}`,
        `worker ${this.number} could not be started: ${String(error)}.`,
      )
      return undefined
    }
  }

  #fill(): void {
    if (this.#closed) return
    this.#handle = this.#tryToSpawn()
    if (this.#handle === undefined) this.#fillAfter(this.#pace.delayAfterMs({ startingMs: 0 }))
    else this.#countRestart(this.#owed)
  }

  #fillAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#fill(), delayMs)
  }

  #countRestart(reason: RestartReason | undefined): void {
    this.#owed = undefined
    if (reason !== undefined) this.#options.onRestart(this.number, reason)
  }

  #ended(handle: WorkerHandle, exit: Exit): void {
    const reason = handle.endReason ?? exit.reason
    const wasServing = this.has(handle)
    if (reason === 'close' && handle.endsItself && !handle.wasKilled) this.#options.onOwnEnd(exit)
    if (wasServing) this.#handle = undefined
    this.#leaving.delete(handle)
    this.#options.onExit({ worker: this.number, pid: handle.pid, ...exit, reason })
    if (!wasServing || this.#closed || reason === 'close') return
    this.#owed = reason
    const delayMs = this.#delayAfter(handle)
    this.lastDeath = this.#describe(handle, exit, reason)
    // Whoever is just starting fills the slot, or sees to it.
    const next =
      this.#next === undefined ? `another starts ${delayMs === 0 ? 'now' : `in ${delayMs} ms`}` : 'another is starting'
    if (!this.#pace.isLoop)
      this.#tellDeath(
        handle,
        delayMs === 0
          ? `${next}.`
          : `${next}. If that goes on, the next ones start ever later, and this is not said again.`,
      )
    if (this.#next === undefined) this.#fillAfter(delayMs)
  }

  /** A worker that has served is needed at once where no other is there. */
  #delayAfter({ life, hasServed }: WorkerHandle): number {
    const delayMs = this.#pace.delayAfterMs(life)
    return hasServed && this.#options.isLast() ? 0 : delayMs
  }

  #tellDeath(handle: WorkerHandle, next: string): void {
    const { warner } = this.#options
    if (handle.failure !== undefined) warner.say(`the application could not be started: ${handle.failure}`)
    warner.say(`${this.lastDeath}; ${next}`)
  }

  /** A process that should replace another has not come up. */
  #failed(next: WorkerHandle | undefined, reason: RestartReason): void {
    const { warner, startTimeoutMs } = this.#options
    if (next?.failure !== undefined) warner.say(`the application could not be started: ${next.failure}`)
    const why =
      next?.state === 'starting' ? `it does not listen after ${startTimeoutMs} ms` : 'it ended before it listened'
    const rest = this.#handle === undefined ? 'It is tried again.' : 'The old one stays.'
    warner.say(`a new worker ${this.number} (${reason}) did not come up: ${why}. ${rest}`)
    if (next?.state === 'starting') {
      // Until it is gone it is one of those that are here.
      this.#leaving.add(next)
      next.kill()
    }
    if (this.#handle === undefined) this.#fillAfter(this.#pace.delayAfterMs({ startingMs: 0 }))
  }

  #describe(handle: WorkerHandle, exit: Exit, reason: RestartReason): string {
    return `worker ${this.number} (${handle.name}) ended by ${reason} (${describeExit(exit)})`
  }
}

/** What a program receives that is to end without anyone having sent a signal: by a reload, or a method. */
const UNASKED = ['SIGTERM', 'SIGINT'] as const

export interface SlotOptions {
  /** Starts what a worker runs in. */
  readonly spawn: Spawn
  readonly warner: Warner
  readonly drainTimeoutMs: number
  readonly startTimeoutMs: number
  /** Whether no worker is running or starting. */
  readonly isLast: () => boolean
  readonly onListening: () => void
  readonly onWorn: (handle: WorkerHandle) => void
  readonly onCut: (handle: WorkerHandle, reason: CutReason, connections: number) => void
  readonly onStorage: (handle: WorkerHandle, lack: string | undefined) => void
  /** A process has been started. */
  readonly onStart: (handle: WorkerHandle) => void
  /** A process is gone. */
  readonly onExit: (exit: WorkerExit) => void
  /** The program of a worker has ended itself because the cluster is being closed. */
  readonly onOwnEnd: (exit: Exit) => void
  /** The place of one that ended is filled again. */
  readonly onRestart: (worker: number, reason: RestartReason) => void
}
