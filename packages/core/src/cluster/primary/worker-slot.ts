import type { Warner } from '../../base/warner.ts'
import type { CutReason, RestartReason } from '../../definitions/label-values.ts'
import type { Exit, Spawn } from '../child.ts'
import type { WorkerExit, WorkerStatus } from '../cluster.ts'
import { describeExit, RestartDelay } from '../restarts.ts'
import { type EndReason, WorkerHandle } from '../worker-handle.ts'

/**
 * A worker slot: one worker number, and the process or thread that serves under it. When that exits, another one is
 * started. While a worker is replaced, there are two for a while.
 */
export class WorkerSlot {
  readonly number: number
  readonly #options: WorkerSlotOptions
  readonly #delay = new RestartDelay()
  /** The process that serves. */
  #handle: WorkerHandle | undefined
  /** Its replacement, until it listens. */
  #next: WorkerHandle | undefined
  /** Replaced processes that still answer requests. */
  readonly #leaving = new Set<WorkerHandle>()
  /** Why the last process exited, until the next one starts, which is then counted as a restart for this reason. */
  #restartReason: RestartReason | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** How the last process exited that the primary had not ended, as a phrase. */
  lastExit = ''

  /** `after` is the reason why the previous worker with this number ended. */
  constructor(number: number, after: RestartReason | undefined, options: WorkerSlotOptions) {
    this.number = number
    this.#restartReason = after
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
    this.#startWorker()
    const first = this.#handle
    await first?.settled(this.#options.startTimeoutMs)
    if (first?.state !== 'starting') return
    this.#options.warner.log(
      `worker ${this.number} (${first.name}) did not listen within ${this.#options.startTimeoutMs} ms. The primary continues to wait for it. Check that the application calls listen().`,
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
      if (!this.#closed) this.#notStarted(next, reason)
      return false
    }
    const old = this.#handle
    this.#handle = next
    this.#countRestart(old === undefined ? this.#restartReason : reason)
    if (old !== undefined) await this.#drain(old, reason)
    return true
  }

  /** Ends a process that hangs; the slot is filled again when it has exited. */
  abort(handle: WorkerHandle): void {
    if (this.has(handle) && handle.state === 'running' && handle.endReason === undefined) handle.abort()
  }

  /** Ends all processes of the slot permanently. Resolves when the last one has exited. */
  async leave(reason: EndReason, signals: readonly NodeJS.Signals[] = DEFAULT_SIGNALS): Promise<void> {
    this.stopRestarting()
    const { handles } = this
    await Promise.all(handles.map(handle => this.#drain(handle, reason, signals)))
  }

  /** Kills all processes of the slot permanently. */
  kill(): void {
    this.stopRestarting()
    for (const handle of this.handles) {
      handle.endReason ??= 'close'
      handle.kill()
    }
  }

  /** Starts no other process here from now on. */
  stopRestarting(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #drain(
    handle: WorkerHandle,
    reason: EndReason,
    signals: readonly NodeJS.Signals[] = DEFAULT_SIGNALS,
  ): Promise<void> {
    const { drainTimeoutMs: timeoutMs, warner } = this.#options
    if (!this.has(handle)) this.#leaving.add(handle)
    const { killed, cut } = await handle.drain(reason, { timeoutMs, signals })
    if (!killed) return
    const connections =
      cut === undefined ? 'It did not report its open connections' : `Connections in use that this closed: ${cut}`
    warner.log(`worker ${this.number} did not exit within ${timeoutMs} ms and was killed. ${connections}.`)
  }

  #tryToSpawn(): WorkerHandle | undefined {
    try {
      const handle = new WorkerHandle(this.number, this.#options.spawn(this.number), this.#options)
      void handle.exited.then(exit => this.#hasExited(handle, exit))
      this.#options.onStart(handle)
      return handle
    } catch (error) {
      this.#options.warner.logOnce(
        `spawn ${this.number}`,
        `worker ${this.number} could not be started (${String(error)}). The primary tries again.`,
      )
      return undefined
    }
  }

  #startWorker(): void {
    if (this.#closed) return
    this.#handle = this.#tryToSpawn()
    if (this.#handle === undefined) this.#startAfter(this.#delay.afterMs({ startingMs: 0 }))
    else this.#countRestart(this.#restartReason)
  }

  #startAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#startWorker(), delayMs)
  }

  #countRestart(reason: RestartReason | undefined): void {
    this.#restartReason = undefined
    if (reason !== undefined) this.#options.onRestart(this.number, reason)
  }

  #hasExited(handle: WorkerHandle, exit: Exit): void {
    const reason = handle.endReason ?? exit.reason
    const wasServing = this.has(handle)
    if (reason === 'close' && handle.programExits && !handle.wasKilled) this.#options.onOwnExit(exit)
    if (wasServing) this.#handle = undefined
    this.#leaving.delete(handle)
    this.#options.onExit({ worker: this.number, pid: handle.pid, ...exit, reason })
    if (!wasServing || this.#closed || reason === 'close') return
    this.#restartReason = reason
    const delayMs = this.#delayAfter(handle)
    this.lastExit = this.#describe(handle, exit, reason)
    // If a replacement is already starting, it takes the slot. If it fails, it is retried.
    if (!this.#delay.isLoop) this.#logExit(handle, delayMs)
    if (this.#next === undefined) this.#startAfter(delayMs)
  }

  /** A worker that has served is replaced at once if no other worker is left. */
  #delayAfter({ times, hasServed }: WorkerHandle): number {
    const delayMs = this.#delay.afterMs(times)
    return hasServed && this.#options.isLast() ? 0 : delayMs
  }

  #logExit(handle: WorkerHandle, delayMs: number): void {
    this.#logFailure(handle)
    const when = delayMs === 0 ? 'now' : `in ${delayMs} ms`
    const next = this.#next === undefined ? `a replacement starts ${when}` : 'a replacement is already starting'
    const loop = ' If replacements exit early, too, the delay increases, and their exits are not logged.'
    this.#options.warner.log(`${this.lastExit}; ${next}.${delayMs === 0 ? '' : loop}`)
  }

  #logFailure(handle: WorkerHandle | undefined): void {
    if (handle?.failure === undefined) return
    this.#options.warner.log(`the application could not be started: ${handle.failure}`)
  }

  /** A process that should replace another has not started. */
  #notStarted(next: WorkerHandle | undefined, reason: RestartReason): void {
    const { warner, startTimeoutMs } = this.#options
    this.#logFailure(next)
    const cause =
      next?.state === 'starting' ? `it did not listen within ${startTimeoutMs} ms` : 'it exited before it listened'
    const consequence = this.#handle === undefined ? 'The primary tries again.' : 'The old worker keeps running.'
    warner.log(`worker ${this.number} could not be replaced (${reason}): ${cause}. ${consequence}`)
    if (next?.state === 'starting') {
      // Until it has exited it belongs to this slot.
      this.#leaving.add(next)
      next.kill()
    }
    if (this.#handle === undefined) this.#startAfter(this.#delay.afterMs({ startingMs: 0 }))
  }

  #describe(handle: WorkerHandle, exit: Exit, reason: RestartReason): string {
    return `worker ${this.number} (${handle.name}) ${describeExit(exit)} (${reason})`
  }
}

/** The signals that a program receives if no signal to the primary caused its end: by a reload, or a method call. */
const DEFAULT_SIGNALS = ['SIGTERM', 'SIGINT'] as const

export interface WorkerSlotOptions {
  /** Starts the process or thread of a worker. */
  readonly spawn: Spawn
  readonly warner: Warner
  readonly drainTimeoutMs: number
  readonly startTimeoutMs: number
  /** Whether no worker is running or starting. */
  readonly isLast: () => boolean
  readonly onListening: () => void
  readonly onRequestLimit: (handle: WorkerHandle) => void
  readonly onCut: (handle: WorkerHandle, reason: CutReason, connections: number) => void
  readonly onStorage: (handle: WorkerHandle, missingReason: string | undefined) => void
  /** A process was started. */
  readonly onStart: (handle: WorkerHandle) => void
  /** A process has exited. */
  readonly onExit: (exit: WorkerExit) => void
  /** The program of a worker has ended itself because the cluster is being closed. */
  readonly onOwnExit: (exit: Exit) => void
  /** The slot of a process that exited is filled again. */
  readonly onRestart: (worker: number, reason: RestartReason) => void
}
