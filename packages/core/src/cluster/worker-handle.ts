import { waitAtMost } from '../base/wait-at-most.ts'
import type { CutReason, RestartReason } from '../definitions/label-values.ts'
import type { Child, Exit } from './child.ts'
import type { WorkerStatus } from './cluster.ts'
import { type DrainRequest, isOurs, type ToPrimary } from './messages.ts'
import type { WorkerTimes } from './restarts.ts'

/**
 * The primary's handle of one worker, whether a process or a thread: its state, and the requests of the primary to it.
 * It makes no decisions about its worker slot; the slot does.
 */
export class WorkerHandle {
  /** The worker's stable number. */
  readonly number: number
  /** Resolves when it has exited, for whatever reason, and all its messages were received. */
  readonly exited: Promise<Exit>
  state: WorkerStatus['state'] = 'starting'
  /** Why the primary ends it; undefined while it is not being ended. */
  endReason: EndReason | undefined
  /** Whether it has received an HTTP request. */
  hasServed = false
  /** Whether the primary has killed it. */
  wasKilled = false
  /** Whether its program has received a signal that it listens for, and exits in its own way. */
  programExits = false
  /** The error that the application threw instead of starting. */
  failure: string | undefined
  /** The id of its store, once it has been reported. */
  store: number | undefined
  readonly #child: Child
  readonly #startedAt = performance.now()
  #listeningAt: number | undefined
  readonly #options: HandleOptions
  #receivesMessages = false
  #drainRequest: DrainRequest = { signals: [], graceMs: 0 }
  #onListening: () => void = () => {}
  #onCut: () => void = () => {}
  #cut: number | undefined

  /** Tracks a process or thread that was just started. */
  constructor(number: number, child: Child, options: HandleOptions) {
    this.number = number
    this.#options = options
    this.#child = child
    this.exited = child.exited
    child.listen(message => this.#received(message))
    void this.exited.then(() => this.#hasExited())
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get thread(): Child['thread'] {
    return this.#child.thread
  }

  /** A description of its process or thread. */
  get name(): string {
    return this.#child.name
  }

  /** Its times up to now. */
  get times(): WorkerTimes {
    const now = performance.now()
    const listeningMs = this.#listeningAt === undefined ? undefined : now - this.#listeningAt
    return { startingMs: (this.#listeningAt ?? now) - this.#startedAt, listeningMs, hasServed: this.hasServed }
  }

  /** Resolves when it listens, has exited, or has done neither until the timeout. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.state !== 'starting') return
    const listens = new Promise<void>(resolve => {
      this.#onListening = resolve
    })
    await waitAtMost(timeoutMs, Promise.race([listens, this.exited]))
  }

  /**
   * Lets the program exit in its own way, if it listens for one of `signals`; otherwise the worker answers all accepted
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
    this.#child.stopConnections()
    // Before it has reported that it has started, it would not receive a message.
    if (this.#receivesMessages) this.#sendDrain()
    const deadline = setTimeout(() => {
      killed = true
      void this.#requestCut().then(() => this.kill())
    }, timeoutMs)
    await this.exited
    clearTimeout(deadline)
    return { killed, cut: this.#cut }
  }

  /** Requests the number of connections that are closed with it. If its event loop is blocked, it does not answer. */
  async #requestCut(): Promise<void> {
    if (!this.#receivesMessages) return
    const reported = new Promise<void>(resolve => {
      this.#onCut = resolve
    })
    this.#child.send({ promherd: 'report_connections' })
    await waitAtMost(REPORT_MS, reported)
  }

  /** Sends it the directory into which it may write its store, if that has no files. */
  storeIn(directory: string): void {
    if (this.#receivesMessages) this.#child.send({ promherd: 'store_directory', directory })
  }

  /** Ends it because it hangs. */
  abort(): void {
    this.endReason = 'hung'
    this.#child.abort()
  }

  /** Kills it. */
  kill(): void {
    this.wasKilled = true
    this.#child.kill()
  }

  #received(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'started') this.#started(message.store)
    if (message.promherd === 'listening') this.#listening()
    if (message.promherd === 'served') this.hasServed = true
    if (message.promherd === 'storage') this.#options.onStorage(this, message.missingReason)
    if (message.promherd === 'program_exits') this.programExits = true
    if (message.promherd === 'cut_connections') this.#wasCut(message)
    if (message.promherd === 'request_limit') this.#options.onRequestLimit(this)
    if (message.promherd === 'failed') this.failure = message.error
  }

  #started(store: number): void {
    this.store = store
    this.#receivesMessages = true
    if (this.state === 'draining') this.#sendDrain()
  }

  #listening(): void {
    if (this.state !== 'starting') return
    this.state = 'running'
    this.#listeningAt = performance.now()
    this.#onListening()
    this.#options.onListening(this)
  }

  #wasCut({ reason, connections }: { readonly reason: CutReason; readonly connections: number }): void {
    this.#cut = connections
    this.#options.onCut(this, reason, connections)
    this.#onCut()
  }

  #hasExited(): void {
    this.state = 'dead'
    this.#receivesMessages = false
    this.#options.onStorage(this, undefined)
  }

  #sendDrain(): void {
    this.#child.send({ promherd: 'drain', ...this.#drainRequest })
  }
}

interface HandleOptions {
  readonly onListening: (handle: WorkerHandle) => void
  /** The number of connections in use that are closed with it. */
  readonly onCut: (handle: WorkerHandle, reason: CutReason, connections: number) => void
  /** It has reached its request limit. */
  readonly onRequestLimit: (handle: WorkerHandle) => void
  /** Called with the reason why its values are missing from the metrics; undefined once they are included again. */
  readonly onStorage: (handle: WorkerHandle, missingReason: string | undefined) => void
}

/** Why the primary ends a worker: a reason to start another one, or the end of the cluster. */
export type EndReason = RestartReason | 'close'

/** How long a worker that is killed may take to report the connections that this closes. */
const REPORT_MS = 1000
/** How long a worker that is replaced keeps connections that wait for their next request: Node's own default. */
const IDLE_GRACE_MS = 5000
