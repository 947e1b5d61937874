/**
 * The keys of one group. All of them begin with the same hash tag, so a Redis Cluster keeps them on one node, which a
 * script requires. The group is escaped, so that different prefixes and groups never have the same keys.
 */
export class GroupKeys {
  /** A hash: for each run the data that is needed to read it. */
  readonly runs: string
  /** A hash: the counts of departed hosts, and the runs that are included. */
  readonly totals: string
  readonly #tag: string

  constructor(prefix: string, group: string) {
    this.#tag = `{${prefix.replace(/[{}]/g, encodeURIComponent)}:${encodeURIComponent(group)}}`
    this.runs = `${this.#tag}:runs`
    this.totals = `${this.#tag}:totals`
  }

  /** A stream: the numbers of a run, a full entry and those after it. */
  numbers(run: string): string {
    return `${this.#tag}:numbers:${run}`
  }

  /** A string: the names of a run in one epoch. */
  names(run: string, epoch: number): string {
    return `${this.#tag}:names:${run}:${epoch}`
  }
}

/** The name of a run: the instance, its herd, and how often the counts of the herd were folded by the group. */
export function runName(instance: string, herd: string, times: number): string {
  return `${encodeURIComponent(instance)}:${herd}:${times}`
}
