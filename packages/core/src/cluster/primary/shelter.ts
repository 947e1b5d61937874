import type { Warner } from '../../base/warner.ts'
import { PLACES } from '../../herd/directory/created-directories.ts'
import type { Herd } from '../../herd/herd.ts'
import { addCreatedDirectory, otherPlaces } from '../../herd/start-herd.ts'
import type { WorkerHandle } from '../worker-handle.ts'

/** How long the primary waits before it tries again after no directory was writable. */
const RETRY_MS = 5000

/**
 * Finds directories for the stores of workers that have no files. Each worker reports that its store has none, and is
 * sent a directory in which it may write: first the directories of the herd, which are created again if they were
 * removed, then a new one elsewhere, which is added to the herd.
 */
export class Shelter {
  readonly #herd: ShelteredHerd
  readonly #warner: Pick<Warner, 'logOnce'>
  readonly #onChange: (workers: number) => void
  readonly #lacking = new Map<Sheltered, Lack>()
  readonly #made: string[]
  #hasMade = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined

  /** `made` are the directories that were created so far; new ones are added to it. */
  constructor(
    herd: ShelteredHerd,
    warner: Pick<Warner, 'logOnce'>,
    made: string[],
    onChange: (workers: number) => void,
  ) {
    this.#herd = herd
    this.#warner = warner
    this.#made = made
    this.#onChange = onChange
  }

  /** A worker has reported why its store has no files, or that it has files now; or has exited. */
  hear(worker: Sheltered, reason: string | undefined): void {
    if (reason === undefined) this.#lacking.delete(worker)
    else {
      this.#warner.logOnce('storage', `worker ${worker.slot} is missing from the metrics for now: ${reason}`)
      this.#lacking.set(worker, { reason, tried: this.#lacking.get(worker)?.tried ?? new Set() })
      void this.#direct(worker)
    }
    this.#onChange(this.#lacking.size)
  }

  /** Why the metrics do not include all workers, as a sentence; undefined if they do. */
  get whyIncomplete(): string | undefined {
    const [first] = this.#lacking.values()
    if (first === undefined) return undefined
    return `${this.#lacking.size} workers are missing from the metrics: ${first.reason}.`
  }

  /** Creates no directory from now on: the primary removes those that were created. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** Sends a worker the next directory that it has not tried. It answers if it cannot write there either. */
  async #direct(worker: Sheltered): Promise<void> {
    // This creates a removed directory again.
    await this.#herd.retireExited()
    const lack = this.#lacking.get(worker)
    if (lack === undefined || this.#isStopped) return
    const directory = this.#herd.directories.find(path => !lack.tried.has(path)) ?? this.#make()
    if (directory === undefined) return this.#retry()
    lack.tried.add(directory)
    worker.storeIn(directory)
  }

  /** Creates a directory elsewhere; one is enough. */
  #make(): string | undefined {
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
      for (const [worker, { tried }] of this.#lacking) {
        tried.clear()
        void this.#direct(worker)
      }
    }, RETRY_MS).unref()
  }
}

/** The part of a herd that is used here. */
type ShelteredHerd = Pick<Herd, 'directories' | 'retireExited' | 'place' | 'add'>

/** The part of a worker that is used here. */
type Sheltered = Pick<WorkerHandle, 'slot' | 'storeIn'>

interface Lack {
  readonly reason: string
  /** The directories that were sent to the worker. */
  readonly tried: Set<string>
}
