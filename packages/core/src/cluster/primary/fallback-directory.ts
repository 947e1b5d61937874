import type { Warner } from '../../base/warner.ts'
import { PLACES } from '../../herd/directory/created-directories.ts'
import type { Herd } from '../../herd/herd.ts'
import { addCreatedDirectory, otherPlaces } from '../../herd/start-herd.ts'
import type { WorkerHandle } from '../worker-handle.ts'

/**
 * Finds a directory for the stores of workers that have no files. Each worker reports that its store has none, and is
 * sent a directory into which it may write it: first the directories of the herd, which are created again if they were
 * removed, then a fallback directory in another place, which is added to the herd.
 */
export class FallbackDirectory {
  readonly #herd: HerdPart
  readonly #warner: Pick<Warner, 'logOnce'>
  readonly #onChange: (workers: number) => void
  readonly #missing = new Map<WorkerPart, MissingStore>()
  readonly #made: string[]
  #hasMade = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined

  /** `made` are the directories that were created so far; new ones are added to it. */
  constructor(herd: HerdPart, warner: Pick<Warner, 'logOnce'>, made: string[], onChange: (workers: number) => void) {
    this.#herd = herd
    this.#warner = warner
    this.#made = made
    this.#onChange = onChange
  }

  /** A worker has reported why its store has no files; without a reason it has files now, or has exited. */
  report(worker: WorkerPart, reason: string | undefined): void {
    if (reason === undefined) this.#missing.delete(worker)
    else {
      this.#warner.logOnce('storage', `worker ${worker.number} is missing from the metrics for now: ${reason}`)
      this.#missing.set(worker, { reason, tried: this.#missing.get(worker)?.tried ?? new Set() })
      void this.#sendDirectory(worker)
    }
    this.#onChange(this.#missing.size)
  }

  /** Why the metrics do not include all workers, as a sentence; undefined if they do. */
  get whyIncomplete(): string | undefined {
    const [first] = this.#missing.values()
    if (first === undefined) return undefined
    return `${this.#missing.size} workers are missing from the metrics: ${first.reason}.`
  }

  /** Creates no directory from now on: the primary removes those that were created. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** Sends a worker the next directory that it has not tried. It answers if it cannot write there either. */
  async #sendDirectory(worker: WorkerPart): Promise<void> {
    // This creates a removed directory again.
    await this.#herd.retireExited()
    const missing = this.#missing.get(worker)
    if (missing === undefined || this.#isStopped) return
    const directory = this.#herd.directories.find(path => !missing.tried.has(path)) ?? this.#create()
    if (directory === undefined) return this.#retry()
    missing.tried.add(directory)
    worker.storeIn(directory)
  }

  /** Creates the fallback directory, once. */
  #create(): string | undefined {
    if (this.#hasMade) return undefined
    const herd = this.#herd
    const made = addCreatedDirectory(herd, herd.directories.length === 0 ? PLACES : otherPlaces(herd.place))
    if (made === undefined) return undefined
    this.#hasMade = true
    this.#made.push(made)
    return made
  }

  #retry(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      for (const [worker, { tried }] of this.#missing) {
        tried.clear()
        void this.#sendDirectory(worker)
      }
    }, RETRY_MS).unref()
  }
}

/** The part of a herd that is used here. */
type HerdPart = Pick<Herd, 'directories' | 'retireExited' | 'place' | 'add'>

/** The part of a worker that is used here. */
type WorkerPart = Pick<WorkerHandle, 'number' | 'storeIn'>

interface MissingStore {
  readonly reason: string
  /** The directories that were sent to the worker. */
  readonly tried: Set<string>
}

/** The time until the directories are tried again if none was writable. */
const RETRY_MS = 5000
