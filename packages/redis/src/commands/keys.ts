/**
 * The keys of one group. All of them begin with the same hash tag, so a Redis Cluster keeps them on one node, which a
 * script requires. The group is escaped, so that different prefixes and groups never have the same keys.
 */
export class GroupKeys {
  /** A hash: for each life the data that is needed to read it. */
  readonly lives: string
  /** A hash: the counts of departed hosts, and the lives that are included. */
  readonly totals: string
  readonly #tag: string

  constructor(prefix: string, group: string) {
    this.#tag = `{${prefix.replace(/[{}]/g, encodeURIComponent)}:${encodeURIComponent(group)}}`
    this.lives = `${this.#tag}:lives`
    this.totals = `${this.#tag}:totals`
  }

  /** A stream: the numbers of a life, a full entry and those after it. */
  numbers(life: string): string {
    return `${this.#tag}:numbers:${life}`
  }

  /** A string: the names of a life in one epoch. */
  names(life: string, epoch: number): string {
    return `${this.#tag}:names:${life}:${epoch}`
  }
}

/** The name of a life: the instance, its herd, and how often the counts of the herd were folded by the group. */
export function lifeName(instance: string, herd: string, times: number): string {
  return `${encodeURIComponent(instance)}:${herd}:${times}`
}
