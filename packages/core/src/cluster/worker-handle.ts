import { within } from '../base/within.ts'
import type { CutReason, RestartReason } from '../definitions/metrics.ts'
import { type DrainRequest, isOurs, type ToPrimary } from './messages.ts'
import type { Life } from './restarts.ts'
import type { Exit, Spawned } from './spawned.ts'

/**
 * One worker as the primary sees it, whether a process or a thread: its state, and its pending requests. It makes no
 * decisions about its slot; the slot does.
 */
export class WorkerHandle {
  /** The worker's stable number. */
  readonly slot: number
  /** Resolves when it has exited, for whatever reason, and all its messages were received. */
  readonly exited: Promise<Exit>
  state: HandleState = 'starting'
  /** Why the primary ends it; undefined while it is not being ended. */
  endReason: EndReason | undefined
  /** Whether it has received an HTTP request. */
  hasServed = false
  /** Whether the primary has killed it. */
  wasKilled = false
  /** Whether its program has received a signal that it listens for. */
  endsItself = false
  /** The error that the application threw instead of starting. */
  failure: string | undefined
  /** The id of its store, once it has been reported. */
  store: number | undefined
  readonly #spawned: Spawned
  readonly #startedAt = performance.now()
  #upAt: number | undefined
  readonly #options: HandleOptions
  #takesMessages = false
  #drainRequest: DrainRequest = { signals: [], graceMs: 0 }
  #onUp: () => void = () => {}
  #onCut: () => void = () => {}
  #cut: number | undefined

  /** Tracks a process or thread that was just started. */
  constructor(slot: number, spawned: Spawned, options: HandleOptions) {
    this.slot = slot
    this.#options = options
    this.#spawned = spawned
    this.exited = spawned.exited
    spawned.listen(message => this.#hear(message))
    void this.exited.then(() => this.#ended())
  }

  get pid(): number | undefined {
    return this.#spawned.pid
  }

  get thread(): Spawned['thread'] {
    return this.#spawned.thread
  }

  /** A description of its process or thread. */
  get name(): string {
    return this.#spawned.name
  }

  /** Its times up to now. */
  get life(): Life {
    const now = performance.now()
    const upMs = this.#upAt === undefined ? undefined : now - this.#upAt
    return { startingMs: (this.#upAt ?? now) - this.#startedAt, upMs, hasServed: this.hasServed }
  }

  /** Resolves when it listens, has exited, or has done neither until the timeout. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.state !== 'starting') return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, timeoutMs).unref()
    })
    const listens = new Promise<void>(resolve => {
      this.#onUp = resolve
    })
    await Promise.race([listens, late, this.exited])
    clearTimeout(timer)
  }

  /**
   * Lets the program end in its own way, if it listens for one of `signals`; otherwise the worker answers all accepted
   * requests and exits. It is killed when that takes too long.
   */
  async drain(
    reason: EndReason,
    { timeoutMs, signals }: { readonly timeoutMs: number; readonly signals: readonly NodeJS.Signals[] },
  ): Promise<{ killed: boolean; cut: number | undefined }> {
    let killed = false
    this.endReason = reason
    this.state = 'draining'
    // When the cluster closes, its port is closed for all clients. When a worker is replaced, clients must not notice.
    this.#drainRequest = { signals, graceMs: reason === 'close' ? 0 : IDLE_GRACE_MS }
    this.#spawned.withhold()
    // Before it has reported that it has started, it would not receive a message.
    if (this.#takesMessages) this.#sendDrain()
    const deadline = setTimeout(() => {
      killed = true
      void this.#reportCut().then(() => this.kill())
    }, timeoutMs)
    await this.exited
    clearTimeout(deadline)
    return { killed, cut: this.#cut }
  }

  /** Asks how many connections are closed with it. If its event loop is blocked, it does not answer. */
  async #reportCut(): Promise<void> {
    if (!this.#takesMessages) return
    const reported = new Promise<void>(resolve => {
      this.#onCut = resolve
    })
    this.#spawned.send({ promherd: 'report_cut' })
    await within(REPORT_MS, reported)
  }

  /** Sends it the directory in which its store may be written, if it has no files. */
  storeIn(directory: string): void {
    if (this.#takesMessages) this.#spawned.send({ promherd: 'store_in', directory })
  }

  /** Ends it because it hangs. */
  abort(): void {
    this.endReason = 'hung'
    this.#spawned.abort()
  }

  /** Kills it. */
  kill(): void {
    this.wasKilled = true
    this.#spawned.kill()
  }

  #hear(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'started') this.#starts(message.store)
    if (message.promherd === 'listening') this.#listens()
    if (message.promherd === 'served') this.hasServed = true
    if (message.promherd === 'storage') this.#options.onStorage(this, message.lack)
    if (message.promherd === 'ends_itself') this.endsItself = true
    if (message.promherd === 'cut') this.#cuts(message)
    if (message.promherd === 'worn') this.#options.onWorn(this)
    if (message.promherd === 'failed') this.failure = message.error
  }

  #starts(store: number): void {
    this.store = store
    this.#takesMessages = true
    if (this.state === 'draining') this.#sendDrain()
  }

  #listens(): void {
    if (this.state !== 'starting') return
    this.state = 'running'
    this.#upAt = performance.now()
    this.#onUp()
    this.#options.onListening(this)
  }

  #cuts({ reason, connections }: { readonly reason: CutReason; readonly connections: number }): void {
    this.#cut = connections
    this.#options.onCut(this, reason, connections)
    this.#onCut()
  }

  #ended(): void {
    this.state = 'dead'
    this.#takesMessages = false
    this.#options.onStorage(this, undefined)
  }

  #sendDrain(): void {
    this.#spawned.send({ promherd: 'drain', ...this.#drainRequest })
  }
}

export interface HandleOptions {
  readonly onListening: (handle: WorkerHandle) => void
  /** The number of connections in use that are closed with it. */
  readonly onCut: (handle: WorkerHandle, reason: CutReason, connections: number) => void
  /** It has reached its request limit. */
  readonly onWorn: (handle: WorkerHandle) => void
  /** Why its values are missing from the metrics; undefined once they are included again. */
  readonly onStorage: (handle: WorkerHandle, lack: string | undefined) => void
}

/** The state of a worker, as far as it was reported to the primary. */
export type HandleState = 'starting' | 'running' | 'draining' | 'dead'

/** Why the primary ends a worker: a reason to start another one, or the end of the cluster. */
export type EndReason = RestartReason | 'close'

/** How long a worker that is killed may take to report the connections that this closes. */
const REPORT_MS = 1000
/** How long a worker that is replaced keeps connections that wait for their next request: Node's own default. */
const IDLE_GRACE_MS = 5000
