import type { Warner } from '../../base/warner.ts'
import type { CutReason, RestartReason } from '../../definitions/metrics.ts'
import type { WorkerExit, WorkerStatus } from '../cluster.ts'
import { describeExit, RestartPace } from '../restarts.ts'
import type { Exit, Spawn } from '../spawned.ts'
import { type EndReason, WorkerHandle } from '../worker-handle.ts'

/**
 * The slot of one worker. One process (or thread) serves in it; another one follows when that exits; and there are two
 * for a while, when one replaces the other.
 */
export class Slot {
  readonly number: number
  readonly #options: SlotOptions
  readonly #pace = new RestartPace()
  /** The process that serves. */
  #handle: WorkerHandle | undefined
  /** Its replacement, until it listens. */
  #next: WorkerHandle | undefined
  /** Replaced processes that still answer requests. */
  readonly #leaving = new Set<WorkerHandle>()
  /** Why the last process exited, until the next one starts: that one counts as a restart then. */
  #owed: RestartReason | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** How the last process exited that the primary had not ended. */
  lastDeath = ''

  /** `after` is the reason why the previous worker with this number ended. */
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

  /** Starts the first process, and resolves when it listens or has exited. */
  async start(): Promise<void> {
    this.#fill()
    const first = this.#handle
    await first?.settled(this.#options.startTimeoutMs)
    if (first?.state !== 'starting') return
    this.#options.warner.log(
      `worker ${this.number} (${first.name}) does not listen after ${this.#options.startTimeoutMs} ms. It is waited for: see that the application calls listen().`,
    )
  }

  /**
   * Starts another process here, and drains the old one once the new one listens. Returns false if it does not start;
   * then the old one stays.
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

  /** Ends a process that hangs; the slot is filled again when it has exited. */
  abort(handle: WorkerHandle): void {
    if (this.has(handle) && handle.state === 'running' && handle.endReason === undefined) handle.abort()
  }

  /** Ends all processes of the slot permanently. Resolves when the last one has exited. */
  async leave(reason: EndReason, signals: readonly NodeJS.Signals[] = UNASKED): Promise<void> {
    this.stopFilling()
    const { handles } = this
    await Promise.all(handles.map(handle => this.#drain(handle, reason, signals)))
  }

  /** Kills all processes of the slot permanently. */
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
    warner.log(`worker ${this.number} had not ended after ${timeoutMs} ms and was killed. ${connections}.`)
  }

  #tryToSpawn(): WorkerHandle | undefined {
    try {
      const handle = new WorkerHandle(this.number, this.#options.spawn(this.number), this.#options)
      void handle.exited.then(exit => this.#ended(handle, exit))
      this.#options.onStart(handle)
      return handle
    } catch (error) {
      this.#options.warner.logOnce(
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
    // A process that is just starting fills the slot, or its failure is handled.
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

  /** A worker that has served is replaced at once if no other worker is left. */
  #delayAfter({ life, hasServed }: WorkerHandle): number {
    const delayMs = this.#pace.delayAfterMs(life)
    return hasServed && this.#options.isLast() ? 0 : delayMs
  }

  #tellDeath(handle: WorkerHandle, next: string): void {
    const { warner } = this.#options
    if (handle.failure !== undefined) warner.log(`the application could not be started: ${handle.failure}`)
    warner.log(`${this.lastDeath}; ${next}`)
  }

  /** A process that should replace another has not started. */
  #failed(next: WorkerHandle | undefined, reason: RestartReason): void {
    const { warner, startTimeoutMs } = this.#options
    if (next?.failure !== undefined) warner.log(`the application could not be started: ${next.failure}`)
    const why =
      next?.state === 'starting' ? `it does not listen after ${startTimeoutMs} ms` : 'it ended before it listened'
    const rest = this.#handle === undefined ? 'It is tried again.' : 'The old one stays.'
    warner.log(`a new worker ${this.number} (${reason}) did not come up: ${why}. ${rest}`)
    if (next?.state === 'starting') {
      // Until it has exited it belongs to this slot.
      this.#leaving.add(next)
      next.kill()
    }
    if (this.#handle === undefined) this.#fillAfter(this.#pace.delayAfterMs({ startingMs: 0 }))
  }

  #describe(handle: WorkerHandle, exit: Exit, reason: RestartReason): string {
    return `worker ${this.number} (${handle.name}) ended by ${reason} (${describeExit(exit)})`
  }
}

/** The signals that a program receives if no signal caused its end: by a reload, or a method call. */
const UNASKED = ['SIGTERM', 'SIGINT'] as const

export interface SlotOptions {
  /** Starts the process or thread of a worker. */
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
  /** A process was started. */
  readonly onStart: (handle: WorkerHandle) => void
  /** A process has exited. */
  readonly onExit: (exit: WorkerExit) => void
  /** The program of a worker has ended itself because the cluster is being closed. */
  readonly onOwnEnd: (exit: Exit) => void
  /** The slot of a process that exited is filled again. */
  readonly onRestart: (worker: number, reason: RestartReason) => void
}
