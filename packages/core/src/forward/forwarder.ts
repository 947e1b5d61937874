import { clearTimeout, setTimeout } from 'node:timers'
import { backoffMs, jitteredMs } from '../base/backoff.ts'
import type { Warner } from '../base/warner.ts'
import { FORWARD_ERROR_CAUSES, type ForwardErrorCause } from '../definitions/label-values.ts'
import { beforeHerdEnds } from '../herd/process-herd.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { addToOwnMetric, sentHerd, setOwnMetric } from './own-metrics.ts'
import { isSinkError, type Sink, SinkError } from './sink.ts'

interface ForwarderOptions {
  readonly sink: Sink
  readonly intervalMs: number
  readonly deadlineMs: number
  readonly warner: Warner
  /** The source of the snapshots. @default the herd of this process */
  readonly herd?: SnapshotSource
}

/**
 * Sends snapshots of the herd of this process to a sink, one at a time, each taken just before its push: there is no
 * queue, so a slow sink costs no memory. Counters are cumulative, so the next snapshot contains everything that a lost
 * one contained.
 *
 * Nothing here throws into the program, and no timer keeps its process alive, except during the last push.
 */
export class Forwarder {
  readonly #options: ForwarderOptions
  readonly #unregister: () => void
  #timer: NodeJS.Timeout | undefined
  #isStarted = false
  #failures = 0
  #running: Promise<void> | undefined
  #abort: AbortController | undefined
  #stopping: Promise<void> | undefined

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#unregister = beforeHerdEnds(isUrgent => this.#end(isUrgent ? URGENT_MS : LAST_PUSH_MS))
    // After the calling code has begun its herd.
    this.#wait(0)
  }

  /** Sends the last snapshot and stops. Never rejects. */
  stop(): Promise<void> {
    return this.#end(LAST_PUSH_MS)
  }

  #end(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs)
    return this.#stopping
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#unregister()
    clearTimeout(this.#timer)
    // If pushes fail, a longer wait for one more would only delay the exit of the program.
    const lastMs = this.#failures > 0 ? Math.min(deadlineMs, URGENT_MS) : deadlineMs
    this.#abort?.abort(STOPPED)
    await this.#running
    const alive = setTimeout(() => {}, lastMs + URGENT_MS)
    await this.#push(lastMs)
    await settled(this.#options.sink.stop(), URGENT_MS)
    clearTimeout(alive)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => void this.#turn(), ms).unref()
  }

  async #turn(): Promise<void> {
    const startedAt = performance.now()
    this.#running = this.#push(this.#options.deadlineMs)
    const retryAfterMs = await this.#running.then(() => this.#retryAfterMs)
    this.#running = undefined
    if (this.#stopping !== undefined) return
    const { intervalMs } = this.#options
    if (this.#failures > 0) this.#wait(Math.max(retryAfterMs, retryMs(this.#failures - 1, intervalMs)))
    else this.#wait(Math.max(0, intervalMs - (performance.now() - startedAt)))
  }

  #retryAfterMs = 0

  /** Takes a snapshot and sends it. Never rejects. */
  async #push(deadlineMs: number): Promise<void> {
    const herd = this.#options.herd ?? sentHerd()
    if (herd === undefined) return
    const { sink } = this.#options
    const startedAt = performance.now()
    const abort = new AbortController()
    this.#abort = abort
    const late = new SinkError('timeout', `no response within ${deadlineMs / 1000} s`)
    const timer = setTimeout(() => abort.abort(late), deadlineMs).unref()
    try {
      for (const cause of FORWARD_ERROR_CAUSES) addToOwnMetric('forwardErrors', [sink.name, cause], 0)
      const snapshot = await snapshotOf(herd)
      if (!this.#isStarted) await untilAborted(sink.start(), abort.signal)
      this.#isStarted = true
      await untilAborted(sink.push(snapshot, abort.signal), abort.signal)
      this.#succeeded()
    } catch (error) {
      this.#failed(error)
    } finally {
      clearTimeout(timer)
      this.#abort = undefined
      report(() => setOwnMetric('forwardDuration', [sink.name], (performance.now() - startedAt) / 1000))
    }
  }

  #succeeded(): void {
    const { sink, warner } = this.#options
    if (this.#failures > 0) warner.log(`forwarding to ${sink.name} works again.`)
    this.#failures = 0
    this.#retryAfterMs = 0
    report(() => setOwnMetric('forwardLastSuccess', [sink.name], Date.now() / 1000))
  }

  #failed(error: unknown): void {
    const { sink, warner } = this.#options
    // A push that was aborted because forwarding stops is not an error of the sink.
    if (this.#abort?.signal.reason === STOPPED) return
    const reason: ForwardErrorCause = isSinkError(error) ? error.reason : 'other'
    if (this.#failures++ === 0) {
      const message = error instanceof Error ? error.message : String(error)
      warner.log(
        `forwarding to ${sink.name} fails (${reason}: ${message}). promherd retries until it works; the application is not affected.`,
      )
    }
    this.#retryAfterMs = 1000 * ((isSinkError(error) && error.retryAfterSeconds) || 0)
    report(() => addToOwnMetric('forwardErrors', [sink.name, reason], 1))
  }
}

async function snapshotOf(herd: SnapshotSource): Promise<Snapshot> {
  try {
    return await herd.snapshot()
  } catch (error) {
    throw new SinkError('snapshot', `the snapshot could not be taken: ${String(error)}`, { cause: error })
  }
}

/** Settles as `work` does, or rejects with the reason of the signal. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort)
    // It may still reject later.
    work.catch(() => {})
  }
}

/** Waits for `work` to settle, but at most `ms`. */
async function settled(work: Promise<void>, ms: number): Promise<void> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), ms)
  await untilAborted(work, abort.signal).catch(() => {})
  clearTimeout(timer)
}

/** An error while reporting must not fail a push. */
function report(write: () => void): void {
  try {
    write()
  } catch {
    // In this store, the name of the metric belongs to a different one.
  }
}

/** At least half of the backoff: a sink that has just failed is not called again at once. */
function retryMs(attempt: number, intervalMs: number): number {
  const backoff = { firstMs: Math.min(FIRST_RETRY_MS, intervalMs), mostMs: Math.max(MOST_RETRY_MS, intervalMs) }
  return (backoffMs(attempt, backoff) + jitteredMs(attempt, backoff)) / 2
}

const FIRST_RETRY_MS = 1000
const MOST_RETRY_MS = 5000
/** The abort reason of a push when forwarding stops: the last push follows. */
const STOPPED = new SinkError('other', 'forwarding stops')

/** The maximum time that the last push may delay the exit of a program. */
const LAST_PUSH_MS = 3000
/** The maximum if pushes fail, or if the exit is urgent. */
const URGENT_MS = 500
