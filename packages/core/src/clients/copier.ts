import { FAMILIES } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { MetricCopy } from './metric-copy.ts'
import { MetricFeed } from './metric-feed.ts'
import type { Origin } from './origin.ts'
import { type Answer, RegistryReader } from './read.ts'
import type { PromRegistry } from './registry.ts'
import { isSameShape, type LabelledReading, type PromShape, shapeOf } from './shape.ts'

/** How long a metric may take to say its numbers before its last ones stand. */
const READ_DEADLINE_MS = 1000

const OWN_NAMES: ReadonlySet<string> = new Set(Object.values(FAMILIES).map(({ name }) => name))
/** What prom-client says of the process: two copies of it say the same thing twice. */
const ABOUT_THE_PROCESS = /^(?:process|nodejs)_/

/**
 * Copies prom-client registries into a store, in rounds of which there is never more than one.
 *
 * A counter in the store never falls, whatever becomes of those that it is a copy of: one that its user resets, one
 * that is removed and one that replaces another of its name add what they count to what was counted before. Gauges and
 * quantiles go with their metric. A metric that comes back with another type, other labels or buckets takes the name
 * over, once nothing that is registered means the older one.
 */
export class PromCopier {
  readonly #store: Store
  readonly #registries: () => readonly PromRegistry[]
  readonly #reader = new RegistryReader(READ_DEADLINE_MS)
  readonly #copies = new Map<string, MetricCopy>()
  /** Those whose metrics are registered. */
  readonly #living = new Set<MetricFeed>()
  readonly #refused = new Set<string>()
  /** Those for whose failure somebody has been told, until they answer again. */
  readonly #failing = new Set<string>()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(store: Store, registries: () => readonly PromRegistry[]) {
    this.#store = store
    this.#registries = registries
  }

  /** Copies everything as it is now. Never rejects, and never takes much longer than two deadlines. */
  copy(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#round().finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    // The round under way may have read before the caller's last change: the next one is for all who came meanwhile.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.copy()
    })
    return this.#next
  }

  async #round(): Promise<void> {
    try {
      this.#apply(await this.#reader.readAll(this.#registries()))
    } catch (error) {
      this.#store.trouble('prom_client', `the metrics of prom-client could not be copied: ${String(error)}`)
    }
  }

  #apply(answers: readonly Answer[]): void {
    for (const answer of answers) {
      this.#noteFailure(answer)
      answer.origin.hasAnswered = answer.readings !== undefined
    }
    // Who is gone goes first: one that replaces it takes its name, and adds to what it has left. A registry that could
    // not even be asked what it has may still have all that it had.
    const { rounds } = this.#reader
    for (const feed of this.#living) {
      if (feed.origin.round !== rounds && !this.#reader.isAsked(feed.registry)) this.#leave(feed)
    }
    for (const answer of answers) {
      for (const reading of answer.readings ?? []) {
        this.#feedFor(reading, answer)?.take(reading.reading, reading.defaults)
      }
    }
    for (const feed of this.#living) {
      if (feed.round !== rounds && feed.origin.round === rounds && feed.origin.hasAnswered) this.#leave(feed)
    }
    for (const copy of this.#copies.values()) copy.finish()
    this.#store.settleExemplars()
  }

  #leave(feed: MetricFeed): void {
    feed.leave()
    feed.isLiving = false
    this.#living.delete(feed)
  }

  /** The feed that takes this reading; undefined where there is nothing to copy, or no place for it. */
  #feedFor(source: LabelledReading, answer: Answer): MetricFeed | undefined {
    const known = answer.origin.feeds.get(source.name)
    const isKnown = known !== undefined && !known.copy.isWithdrawn
    const feed = isKnown && this.#isStill(known.copy.shape, source) ? known : this.#newFeed(source, answer)
    if (feed === undefined) return undefined
    if (!feed.isLiving) {
      if (this.#isSaidByAnother(feed, source.name)) return undefined
      feed.isLiving = true
      this.#living.add(feed)
    }
    feed.round = this.#reader.rounds
    return feed
  }

  #newFeed(source: LabelledReading, { origin, registry }: Answer): MetricFeed | undefined {
    const { name, reading } = source
    // What has no samples yet has no buckets to be known by, and nothing to show.
    if (reading.values.length === 0) return undefined
    const shape = shapeOf(source)
    if (shape === undefined) return this.#refuse(name, `its type \`${reading.type}\` is not known`)
    const copy = this.#copyFor(name, shape, origin)
    if (copy === undefined) return undefined
    const feed = new MetricFeed(copy, origin, registry)
    origin.feeds.set(name, feed)
    return feed
  }

  /** True where the reading is what the copy was made for, as far as that costs nothing to see. */
  #isStill({ labelNames }: PromShape, source: LabelledReading): boolean {
    if (source.labelNames !== undefined) {
      for (const label in source.defaults) if (!labelNames.includes(label)) return false
      return true
    }
    const shape = source.reading.values.length === 0 ? undefined : shapeOf(source)
    return shape === undefined || shape.labelNames.every(label => labelNames.includes(label))
  }

  #isSaidByAnother(feed: MetricFeed, name: string): boolean {
    if (!ABOUT_THE_PROCESS.test(name)) return false
    for (const other of this.#living) if (other !== feed && other.copy === feed.copy) return true
    return false
  }

  #copyFor(name: string, shape: PromShape, origin: Origin): MetricCopy | undefined {
    if (OWN_NAMES.has(name)) return this.#refuse(name, "promherd's own metrics have one of that name")
    const existing = this.#copies.get(name)
    if (existing === undefined) return this.#create(name, shape)
    if (isSameShape(existing.shape, shape)) return existing
    const owners = [...this.#living].filter(({ copy }) => copy === existing)
    if (owners.some(owner => owner.origin !== origin)) {
      return this.#refuse(name, 'it was declared before with another type, other labels, buckets or aggregator')
    }
    for (const feed of owners) this.#leave(feed)
    existing.finish()
    if (!existing.withdraw()) return undefined
    this.#copies.delete(name)
    return this.#create(name, shape)
  }

  #create(name: string, shape: PromShape): MetricCopy | undefined {
    if (this.#store.has(name)) return this.#refuse(name, 'this process records another one of that name itself')
    const copy = new MetricCopy(this.#store, shape)
    this.#copies.set(name, copy)
    return copy
  }

  #refuse(name: string, reason: string): undefined {
    if (this.#refused.has(name)) return undefined
    this.#refused.add(name)
    this.#store.trouble('prom_client', `\`${name}\` of prom-client is left out: ${reason}. Rename one of the two.`)
    return undefined
  }

  #noteFailure({ name, failure }: Answer): void {
    if (failure === undefined && this.#failing.size === 0) return
    const what = name === undefined ? 'a registry' : `\`${name}\``
    if (failure === undefined) this.#failing.delete(what)
    else if (!this.#failing.has(what)) {
      this.#failing.add(what)
      this.#store.trouble('prom_client', `${what} of prom-client ${failure}: its last numbers stand.`)
    }
  }
}
