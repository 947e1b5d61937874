/**
 * The keys of one group. All of them begin with the same hash tag, so a Redis Cluster keeps them on one node, which a
 * script needs. The group is escaped: no prefix and group can be taken for another prefix and group.
 */
export class GroupKeys {
  /** A hash: for each life what has to be known to read it. */
  readonly lives: string
  /** A hash: what the departed have counted, and which lives are in it. */
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

/** How a life is named: the instance, its herd, and how often what the herd had counted was taken over by the group. */
export function lifeName(instance: string, herd: string, times: number): string {
  return `${encodeURIComponent(instance)}:${herd}:${times}`
}
