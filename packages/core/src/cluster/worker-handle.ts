import cluster, { type Worker } from 'node:cluster'
import { isOurs, type ToPrimary, type ToWorker } from './messages.ts'
import type { Exit } from './restarts.ts'

/**
 * One worker process as the primary sees it: what it is doing, and what it still owes. It never decides what is to
 * become of its slot; the crew does.
 */
export class WorkerHandle {
  /** The worker's stable small number. */
  readonly slot: number
  /** Resolves when the process is gone, whatever became of it. */
  readonly exited: Promise<Exit>
  state: HandleState = 'starting'
  readonly #worker: Worker
  readonly #startedAt = performance.now()
  readonly #onListening: () => void
  #takesMessages = false
  #asked = 0
  #owed: { readonly id: number; readonly settle: () => void } | undefined

  /** Starts the process. Throws what fork throws. */
  constructor(slot: number, directory: string, onListening: () => void) {
    this.slot = slot
    this.#onListening = onListening
    this.#worker = cluster.fork({ PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_WORKER: String(slot) })
    this.#worker.on('message', (message: unknown) => this.#hear(message))
    this.#worker.on('listening', () => this.#listens())
    this.exited = new Promise(resolve => {
      this.#worker.once('exit', (code: number | null, signal: string | null) =>
        resolve({ code, signal: signal || null }),
      )
      // A process that never came to be does not exit either.
      this.#worker.on('error', () => {
        if (this.pid === undefined) resolve({ code: null, signal: null })
      })
    })
    void this.exited.then(() => this.#ended())
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  /** How long it has been running, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#startedAt
  }

  /**
   * Asks the worker to bring its numbers up to date, and resolves when it has or is gone. A worker that has not
   * answered the last time hangs, as far as anyone knows: it is not waited for until it does.
   */
  async collect(): Promise<void> {
    if (!this.#takesMessages || this.#owed !== undefined) return
    const id = ++this.#asked
    const answered = new Promise<void>(settle => {
      this.#owed = { id, settle }
    })
    this.#send({ promherd: 'collect', id })
    await answered
  }

  /** Lets the worker answer what it has accepted and end; it is killed when that takes too long. */
  async drain(timeoutMs: number): Promise<{ killed: boolean }> {
    let killed = false
    this.state = 'draining'
    // Before it says that it has started, a message would find nobody.
    if (this.#takesMessages) this.#send({ promherd: 'drain' })
    const deadline = setTimeout(() => {
      killed = true
      this.kill()
    }, timeoutMs)
    await this.exited
    clearTimeout(deadline)
    return { killed }
  }

  /** Ends it at once. */
  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  #hear(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'started') this.#starts()
    if (message.promherd === 'listening') this.#listens()
    if (message.promherd === 'collected' && message.id === this.#owed?.id) this.#settle()
  }

  #starts(): void {
    this.#takesMessages = true
    if (this.state === 'draining') this.#send({ promherd: 'drain' })
  }

  #listens(): void {
    if (this.state !== 'starting') return
    this.state = 'running'
    this.#onListening()
  }

  #ended(): void {
    this.state = 'dead'
    this.#takesMessages = false
    this.#settle()
  }

  #settle(): void {
    this.#owed?.settle()
    this.#owed = undefined
  }

  #send(message: ToWorker): void {
    // A channel that has just closed is no news: the exit follows.
    if (this.#worker.isConnected()) this.#worker.process.send(message, () => {})
  }
}

/** What a worker process is doing, as far as the primary was told. */
export type HandleState = 'starting' | 'running' | 'draining' | 'dead'
