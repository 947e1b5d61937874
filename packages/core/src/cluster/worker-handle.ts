import type { CutReason, RestartReason } from '../metrics.ts'
import { within } from '../within.ts'
import { type DrainRequest, isOurs, type ToPrimary } from './messages.ts'
import type { Life } from './restarts.ts'
import type { Exit, Spawned } from './spawned.ts'

/**
 * One worker as the primary sees it, whatever it runs in: what it is doing, and what it still owes. It never decides
 * what is to become of its slot; the slot does.
 */
export class WorkerHandle {
  /** The worker's stable small number. */
  readonly slot: number
  /** Resolves when it is gone and all that it had said is heard, whatever became of it. */
  readonly exited: Promise<Exit>
  state: HandleState = 'starting'
  /** Why the primary ends it; undefined while nobody has asked for its end. */
  endReason: EndReason | undefined
  /** Whether it has received a request of HTTP. */
  hasServed = false
  /** Whether the primary has ended it at once. */
  wasKilled = false
  /** Whether its program has received a signal that it listens for. */
  endsItself = false
  /** What the application threw instead of starting. */
  failure: string | undefined
  /** The id of its store, once it has said so. */
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

  /** Looks after what has just been started. */
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

  /** What it runs in, in words. */
  get name(): string {
    return this.#spawned.name
  }

  /** How it has lived up to now. */
  get life(): Life {
    const now = performance.now()
    const upMs = this.#upAt === undefined ? undefined : now - this.#upAt
    return { startingMs: (this.#upAt ?? now) - this.#startedAt, upMs, hasServed: this.hasServed }
  }

  /** Resolves when it listens, has ended, or has done neither for so long. */
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
   * Lets the program end in its own way, where it listens for one of `signals`, or else the worker answer what it has
   * accepted and end. It is killed when that takes too long.
   */
  async drain(
    reason: EndReason,
    { timeoutMs, signals }: { readonly timeoutMs: number; readonly signals: readonly NodeJS.Signals[] },
  ): Promise<{ killed: boolean; cut: number | undefined }> {
    let killed = false
    this.endReason = reason
    this.state = 'draining'
    // Whoever closes the port closes it for all; a client of a worker that is replaced must not notice.
    this.#drainRequest = { signals, graceMs: reason === 'close' ? 0 : IDLE_GRACE_MS }
    this.#spawned.withhold()
    // Before it says that it has started, a message would find nobody.
    if (this.#takesMessages) this.#sendDrain()
    const deadline = setTimeout(() => {
      killed = true
      void this.#reportCut().then(() => this.kill())
    }, timeoutMs)
    await this.exited
    clearTimeout(deadline)
    return { killed, cut: this.#cut }
  }

  /** Asks how many connections are cut off with it. One whose event loop is blocked does not answer. */
  async #reportCut(): Promise<void> {
    if (!this.#takesMessages) return
    const reported = new Promise<void>(resolve => {
      this.#onCut = resolve
    })
    this.#spawned.send({ promherd: 'report_cut' })
    await within(REPORT_MS, reported)
  }

  /** Tells it where its store may be written, if it has no files. */
  storeIn(directory: string): void {
    if (this.#takesMessages) this.#spawned.send({ promherd: 'store_in', directory })
  }

  /** Ends one that hangs. */
  abort(): void {
    this.endReason = 'hung'
    this.#spawned.abort()
  }

  /** Ends it at once. */
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
  /** So many connections in use are ended with it. */
  readonly onCut: (handle: WorkerHandle, reason: CutReason, connections: number) => void
  /** It has served as many requests as it should. */
  readonly onWorn: (handle: WorkerHandle) => void
  /** Why what it counts is missing from the metrics; undefined once it is not. */
  readonly onStorage: (handle: WorkerHandle, lack: string | undefined) => void
}

/** What a worker is doing, as far as the primary was told. */
export type HandleState = 'starting' | 'running' | 'draining' | 'dead'

/** Why the primary ends a worker: a reason to start another one, or the end of the cluster. */
export type EndReason = RestartReason | 'close'

/** How long a worker that is killed may take to report what it cuts off. */
const REPORT_MS = 1000
/** How long a worker that is replaced keeps connections that wait for their next request: Node's own default. */
const IDLE_GRACE_MS = 5000
