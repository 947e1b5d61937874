/** Stores that cannot be read in the normal way because this process may open too few files. */
export interface DescriptorShortage {
  /** The number of stores of which nothing new could be read at the last scan, as far as is known. */
  readonly unread: number
  /** The number of stores that are opened for each scan. */
  readonly reopened: number
}

/** Decides what to report about shortages: the start of each, and each scan in which stores could not be read. */
export class DescriptorShortageReporter {
  #isShort = false

  /** The message for a scan; undefined if there is nothing to report. */
  messageFor(shortages: readonly DescriptorShortage[]): string | undefined {
    const unread = shortages.reduce((sum, each) => sum + each.unread, 0)
    const reopened = shortages.reduce((sum, each) => sum + each.reopened, 0)
    const isNew = !this.#isShort
    this.#isShort = unread + reopened > 0
    if (unread > 0) return explain(`${unread} stores could not be read, and the numbers that were read last are served`)
    return isNew && reopened > 0 ? explain(`${reopened} stores are opened for each scrape`) : undefined
  }
}

function explain(consequence: string): string {
  return `Expected to be able to keep the files of all stores open, but the limit of open files is too low: ${consequence}. Raise it (ulimit -n) to four for each store and 64 more.`
}
