import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { type KeptReading, readKept } from './kept.ts'
import { MetricCopy } from './metric-copy.ts'
import { MetricFeed } from './metric-feed.ts'
import type { Origin } from './origin.ts'
import { RegistryReader } from './read.ts'
import type { PromReading, PromRegistry } from './registry.ts'
import { isSameShape, type LabelledReading, type PromShape, shapeOf } from './shape.ts'

/** The maximum time that a metric may take to return its numbers; after that its last numbers are kept. */
const READ_DEADLINE_MS = 1000
/** The interval at which exemplars are written while nothing reads them in this process. */
const EXEMPLARS_INTERVAL_MS = 1000

const OWN_NAMES: ReadonlySet<string> = new Set(Object.values(FAMILIES).map(({ name }) => name))
/** prom-client's metrics about the process: two copies of prom-client report the same values twice. */
const ABOUT_THE_PROCESS = /^(?:process|nodejs)_/

/**
 * Copies prom-client registries into a store: synchronously the numbers that metrics keep, and in rounds those that
 * must be requested.
 *
 * A counter in the store never decreases, regardless of its sources: a counter that is reset, removed, or replaced by
 * another with its name adds its counts to the earlier ones. Gauges and quantiles are removed with their metric. If a
 * metric comes back with another type, other labels or buckets, it takes the name over as soon as no registered metric
 * uses the old definition.
 */
export class PromCopier {
  readonly #store: Store
  readonly #registries: () => readonly PromRegistry[]
  readonly #reader = new RegistryReader(READ_DEADLINE_MS, (origin, failure) => this.#noteFailure(origin, failure))
  readonly #copies = new Map<string, MetricCopy>()
  /** The feeds whose metrics are registered. */
  readonly #living = new Set<MetricFeed>()
  readonly #refused = new Set<string>()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #isBroken = false
  #hasNew = false
  #settledAt = 0

  constructor(store: Store, registries: () => readonly PromRegistry[]) {
    this.#store = store
    this.#registries = registries
  }

  /**
   * Requests what must be requested, then copies everything. Never rejects, and never takes much longer than two
   * deadlines.
   */
  copy(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#round().finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    // The current round may have read before the caller's last change: all calls during it share the next round.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.copy()
    })
    return this.#next
  }

  /**
   * Copies the numbers that metrics keep now, and answers that have arrived. If `isLast`, it first runs collect
   * functions as far as an exit allows. Returns whether anything has changed. Never throws.
   */
  look(isLast = false): boolean {
    try {
      if (isLast) this.#reader.collectNow(this.#registries())
      const hasChanged = this.#take()
      this.#isBroken = false
      return hasChanged
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** True if the last copy found a metric that must be requested and never was. */
  get hasNew(): boolean {
    return this.#hasNew
  }

  async #round(): Promise<void> {
    try {
      await this.#reader.ask(this.#registries())
    } catch (error) {
      this.#fail(error)
    }
    this.look()
    this.#settleExemplars(true)
  }

  #take(): boolean {
    const origins = this.#reader.list(this.#registries())
    // Process removed metrics first: a replacement takes their name, and adds to their counts. A registry that could
    // not be listed may still have all of its metrics.
    let hasChanged = false
    const { rounds } = this.#reader
    for (const feed of this.#living) {
      if (feed.origin.round === rounds || this.#reader.isWhole(feed.origin.view.registry)) continue
      this.#leave(feed)
      hasChanged = true
    }
    this.#hasNew = false
    for (const origin of origins) if (this.#takeFrom(origin)) hasChanged = true
    if (hasChanged) for (const copy of this.#copies.values()) copy.finish()
    this.#settleExemplars(false)
    return hasChanged
  }

  #takeFrom(origin: Origin): boolean {
    const { metric, answer, view } = origin
    const kept = metric && readKept(metric, origin.isCollected)
    if (origin.asked === 0 && (kept === undefined || kept.type === 'summary')) this.#hasNew = true
    if (kept === undefined && answer === undefined) return false
    origin.answer = undefined
    let hasChanged = false
    if (kept !== undefined) {
      const feed = this.#feedFor(labelled(kept, origin), origin)
      if (feed !== undefined) {
        hasChanged = feed.takeKept(kept, view.defaults)
        // The counts of an answer may be older than the kept ones were when it arrived.
        for (const reading of answer ?? []) if (feed.takeQuantiles(reading, view.defaults)) hasChanged = true
      }
    } else {
      for (const reading of answer!) {
        if (this.#feedFor(labelled(reading, origin), origin)?.take(reading, view.defaults)) hasChanged = true
      }
    }
    for (const feed of origin.feeds.values()) {
      if (feed.round === this.#reader.rounds || !feed.isLiving) continue
      this.#leave(feed)
      hasChanged = true
    }
    return hasChanged
  }

  /**
   * Writes new exemplars, at most once a second unless `now`: they go to a separate file, which is replaced as a whole.
   */
  #settleExemplars(now: boolean): void {
    const time = performance.now()
    if (!now && time - this.#settledAt < EXEMPLARS_INTERVAL_MS) return
    this.#settledAt = time
    this.#store.settleExemplars()
  }

  #fail(error: unknown): void {
    if (!this.#isBroken) {
      this.#store.reportError('prom_client', `the metrics of prom-client could not be copied: ${String(error)}`)
    }
    this.#isBroken = true
  }

  #leave(feed: MetricFeed): void {
    feed.leave()
    feed.isLiving = false
    this.#living.delete(feed)
  }

  /** The feed for this reading; undefined if there is nothing to copy, or the name is not available. */
  #feedFor(source: LabelledReading, origin: Origin): MetricFeed | undefined {
    const known = origin.feeds.get(source.name)
    const isKnown = known !== undefined && !known.copy.isWithdrawn
    const feed = isKnown && this.#isStill(known.copy.shape, source) ? known : this.#newFeed(source, origin)
    if (feed === undefined) return undefined
    if (!feed.isLiving) {
      if (this.#isSaidByAnother(feed, source.name)) return undefined
      feed.isLiving = true
      this.#living.add(feed)
    }
    feed.round = this.#reader.rounds
    return feed
  }

  #newFeed(source: LabelledReading, origin: Origin): MetricFeed | undefined {
    const { name, reading } = source
    // A metric without samples has no buckets that could identify it, and nothing to serve.
    if (reading.values.length === 0) return undefined
    const shape = shapeOf(source)
    if (shape === undefined) return this.#refuse(name, `its type \`${reading.type}\` is not known`)
    const copy = this.#copyFor(name, shape, origin)
    if (copy === undefined) return undefined
    const feed = new MetricFeed(copy, origin)
    origin.feeds.set(name, feed)
    return feed
  }

  /** True if the reading still matches the copy, as far as that can be checked without cost. */
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
    this.#store.reportError('prom_client', `\`${name}\` of prom-client is left out: ${reason}. Rename one of the two.`)
    return undefined
  }

  #noteFailure(origin: Origin, failure: string | undefined): void {
    if (failure !== undefined && !origin.isFailing) {
      const what = origin.name === undefined ? 'a registry' : `\`${origin.name}\``
      this.#store.reportError('prom_client', `${what} of prom-client ${failure}: its last numbers stand.`)
    }
    origin.isFailing = failure !== undefined
  }
}

function labelled(reading: PromReading | KeptReading, { metric, view }: Origin): LabelledReading {
  const { defaults, isOpenMetrics } = view
  const labelNames = Array.isArray(metric?.labelNames) ? metric.labelNames : undefined
  return { name: nameIn(reading, isOpenMetrics), reading, labelNames, defaults }
}

/**
 * The name as it is served: for OpenMetrics, prom-client removes `_total` from counters, and adds it when rendering.
 */
function nameIn({ name, type }: PromReading | KeptReading, isOpenMetrics: boolean): string {
  return isOpenMetrics && type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name
}
