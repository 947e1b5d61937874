/** Stores that are not read as they should be, because this process may have too few files open. */
export interface Shortage {
  /** Those of which nothing new could be read at the last look, as far as is known. */
  readonly unread: number
  /** Those that are opened anew for each look. */
  readonly reopened: number
}

/** Finds out what is to be reported of shortages: when one begins, and each look at which stores could not be read. */
export class ShortageWatch {
  #isShort = false

  /** The message for a look; undefined where there is nothing to report. */
  look(shortages: readonly Shortage[]): string | undefined {
    const unread = shortages.reduce((sum, each) => sum + each.unread, 0)
    const reopened = shortages.reduce((sum, each) => sum + each.reopened, 0)
    const isNew = !this.#isShort
    this.#isShort = unread + reopened > 0
    if (unread > 0) return explain(`${unread} stores could not be read, and their last numbers are shown`)
    return isNew && reopened > 0 ? explain(`${reopened} stores are opened anew for each scrape`) : undefined
  }
}

function explain(consequence: string): string {
  return `Expected to be able to keep the files of all stores open, but the limit of open files is too low: ${consequence}. Raise it (ulimit -n) to four for each store and 64 more.`
}
