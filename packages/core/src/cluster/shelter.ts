import { addMadeDirectory, otherPlaces } from '../herd/begin.ts'
import type { Herd } from '../herd/herd.ts'
import { PLACES } from '../herd/made-directories.ts'
import type { Warner } from '../server/warner.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** How long after it found no room anywhere the primary looks again. */
const RETRY_MS = 5000

/**
 * Finds room for the stores of workers that have none. Each worker says what it lacks, and is told where it may write:
 * first in the directories of the herd, which are made anew where they are gone, then in one elsewhere, which becomes
 * one of the herd's.
 */
export class Shelter {
  readonly #herd: ShelteredHerd
  readonly #warner: Pick<Warner, 'sayOnce'>
  readonly #onChange: (workers: number) => void
  readonly #lacking = new Map<Sheltered, Lack>()
  readonly #made: string[]
  #hasMade = false
  #timer: NodeJS.Timeout | undefined

  /** `made` are the directories that were made so far; those that come are added. */
  constructor(
    herd: ShelteredHerd,
    warner: Pick<Warner, 'sayOnce'>,
    made: string[],
    onChange: (workers: number) => void,
  ) {
    this.#herd = herd
    this.#warner = warner
    this.#made = made
    this.#onChange = onChange
  }

  /** A worker has said what it lacks, or that it lacks nothing any more; or has ended. */
  hear(worker: Sheltered, reason: string | undefined): void {
    if (reason === undefined) this.#lacking.delete(worker)
    else {
      this.#warner.sayOnce('storage', `worker ${worker.slot} is missing from the metrics for now: ${reason}`)
      this.#lacking.set(worker, { reason, tried: this.#lacking.get(worker)?.tried ?? new Set() })
      void this.#direct(worker)
    }
    this.#onChange(this.#lacking.size)
  }

  /** Why the metrics are not those of all workers, as a sentence; undefined where they are. */
  get whyIncomplete(): string | undefined {
    const [first] = this.#lacking.values()
    if (first === undefined) return undefined
    return `${this.#lacking.size} workers are missing from the metrics: ${first.reason}.`
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Tells a worker of the next directory that it has not tried. It answers where it cannot write there either. */
  async #direct(worker: Sheltered): Promise<void> {
    // A directory that is gone is made anew by this.
    await this.#herd.retireDead()
    const lack = this.#lacking.get(worker)
    if (lack === undefined) return
    const directory = this.#herd.directories.find(path => !lack.tried.has(path)) ?? this.#make()
    if (directory === undefined) return this.#retry()
    lack.tried.add(directory)
    worker.storeIn(directory)
  }

  /** Makes a directory elsewhere; one is enough. */
  #make(): string | undefined {
    if (this.#hasMade) return undefined
    const herd = this.#herd
    const made = addMadeDirectory(herd, herd.directories.length === 0 ? PLACES : otherPlaces(herd.place))
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

/** What of a herd is needed here. */
type ShelteredHerd = Pick<Herd, 'directories' | 'retireDead' | 'place' | 'add'>

/** What of a worker is needed here. */
type Sheltered = Pick<WorkerHandle, 'slot' | 'storeIn'>

interface Lack {
  readonly reason: string
  /** The directories that the worker was told of. */
  readonly tried: Set<string>
}
