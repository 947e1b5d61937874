import { readFileSync } from 'node:fs'

/** The JavaScript heap of a process at its start, in bytes. */
export interface HeapSize {
  readonly used: number
  readonly limit: number
}

/**
 * Detects whether the heap of a process was full when it aborted. V8 aborts then, but SIGABRT from another process has
 * the same effect.
 *
 * A process whose heap fills up has no time to report it, so the kernel's statistics are used: the resident memory a
 * second ago, and the pages that the process has taken since then. The statistics of a process can still be read when
 * its channel has ended, because Node collects its exit later in the same turn of the event loop. Without `/proc`
 * nothing is known.
 */
export class FullHeapDetector {
  readonly #read: () => Statistics | undefined
  #heap: HeapSize | undefined
  /** Resident memory outside the heap. */
  #base = 0
  #last: Statistics | undefined
  #pagesTaken = 0
  #timer: NodeJS.Timeout | undefined

  /** `read` returns the kernel's statistics of the process; undefined if there are none. */
  constructor(pid: number | undefined, read: () => Statistics | undefined = () => statisticsOf(pid)) {
    this.#read = read
  }

  /** Starts with the heap size that the process has reported. */
  start(heap: HeapSize): void {
    this.#last = this.#read()
    if (this.#last === undefined) return
    this.#heap = heap
    this.#base = Math.max(0, this.#last.residentPages * PAGE_BYTES - heap.used)
    this.#timer = setInterval(() => {
      const statistics = this.#read()
      // A process that is exiting has no resident memory any more, so the previous values are kept.
      if (statistics !== undefined && statistics.residentPages > 0) this.#last = statistics
    }, INTERVAL_MS).unref()
  }

  /** To be called when the channel to the process has ended. */
  stop(): void {
    clearInterval(this.#timer)
    const statistics = this.#read()
    if (statistics !== undefined && this.#last !== undefined) {
      this.#pagesTaken = statistics.pagesTaken - this.#last.pagesTaken
    }
  }

  /** Undefined if nothing is known. */
  get wasFull(): boolean | undefined {
    clearInterval(this.#timer)
    if (this.#heap === undefined || this.#last === undefined) return undefined
    const { limit } = this.#heap
    const filled = (this.#last.residentPages + this.#pagesTaken) * PAGE_BYTES - this.#base
    return filled >= Math.max(limit * 0.4, limit * 0.9 - YOUNG_BYTES)
  }
}

function statisticsOf(pid: number | undefined): Statistics | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program name, in parentheses, may contain spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pagesTaken: Number(fields[7]), residentPages: Number(fields[21]) }
  } catch {
    return undefined
  }
}

/** The kernel's statistics of a process. */
interface Statistics {
  /** Since the start of the process (minor page faults). */
  readonly pagesTaken: number
  readonly residentPages: number
}

const INTERVAL_MS = 1000
/** On systems with larger pages this underestimates the memory. */
const PAGE_BYTES = 4096
/** The part of the limit that V8 reserves for young objects, and more: it is never full when V8 aborts. */
const YOUNG_BYTES = 64 * 1024 * 1024
