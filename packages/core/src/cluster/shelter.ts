import { addMadeDirectory, otherPlaces } from '../herd/begin.ts'
import type { Herd } from '../herd/herd.ts'
import { PLACES } from '../herd/made-directories.ts'
import type { Warner } from '../server/warner.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** How long after it found no room anywhere the primary looks again. */
const RETRY_MS = 5000

/**
 * Finds room for the stores of workers that have none in the directory of the herd: in a directory elsewhere, which
 * becomes one of the herd's. Each worker says what it lacks, and is told where it may go.
 */
export class Shelter {
  readonly #herd: Herd
  readonly #warner: Warner
  readonly #onChange: (workers: number) => void
  readonly #lacking = new Map<WorkerHandle, string>()
  readonly #made: string[]
  #next: string | undefined
  #timer: NodeJS.Timeout | undefined

  /** `made` are the directories that were made so far; those that come are added. */
  constructor(herd: Herd, warner: Warner, made: string[], onChange: (workers: number) => void) {
    this.#herd = herd
    this.#warner = warner
    this.#made = made
    this.#onChange = onChange
  }

  /** A worker has said what it lacks, or that it lacks nothing any more; or has ended. */
  hear(handle: WorkerHandle, lack: string | undefined): void {
    if (lack === undefined) this.#lacking.delete(handle)
    else {
      this.#warner.sayOnce('storage', `worker ${handle.slot} is missing from the metrics for now: ${lack}`)
      this.#lacking.set(handle, lack)
      this.#direct()
    }
    this.#onChange(this.#lacking.size)
  }

  /** Why the metrics are not those of all workers, as a sentence; undefined where they are. */
  get whyIncomplete(): string | undefined {
    const [first] = this.#lacking
    if (first === undefined) return undefined
    return `${this.#lacking.size} workers are missing from the metrics: ${first[1]}.`
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #direct(): void {
    this.#next ??= this.#find()
    const directory = this.#next
    if (directory === undefined) this.#retry()
    else for (const handle of this.#lacking.keys()) handle.storeIn(directory)
  }

  #find(): string | undefined {
    const places = this.#herd.directories.length === 0 ? PLACES : otherPlaces(this.#herd.place)
    const made = addMadeDirectory(this.#herd, places)
    if (made !== undefined) this.#made.push(made)
    return made
  }

  #retry(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#lacking.size > 0) this.#direct()
    }, RETRY_MS).unref()
  }
}
