import { FAMILIES } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { MetricCopy } from './metric-copy.ts'
import { type Answer, readAll } from './read.ts'
import type { PromRegistry } from './registry.ts'
import { isSameShape, type LabelledReading, shapeOf } from './shape.ts'

/** How long a metric may take to say its numbers before its last ones stand. */
export const READ_DEADLINE_MS = 1000

const OWN_NAMES: ReadonlySet<string> = new Set(Object.values(FAMILIES).map(({ name }) => name))
/** What prom-client says of the process: two copies of it say the same thing twice. */
const ABOUT_THE_PROCESS = /^(?:process|nodejs)_/

/**
 * Copies prom-client registries into a store, in rounds of which there is never more than one.
 *
 * The numbers are prom-client's own, as they are: a counter that its user resets begins again. Series that are
 * removed leave their counts behind, since what was counted did happen; gauges and quantiles go.
 */
export class PromCopier {
  readonly #store: Store
  readonly #registries: () => readonly PromRegistry[]
  readonly #copies = new Map<string, MetricCopy>()
  readonly #refused = new Set<string>()
  /** Which objects have been compared with the copy of their name, so that no round compares again. */
  #accepted = new WeakMap<object, MetricCopy>()
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
      this.#apply(await readAll(this.#registries(), READ_DEADLINE_MS))
    } catch (error) {
      this.#store.trouble('prom_client', `the metrics of prom-client could not be copied: ${String(error)}`)
    }
  }

  #apply(answers: readonly Answer[]): void {
    const fed = new Set<MetricCopy>()
    const excused = new Set<MetricCopy | undefined>()
    let allRead = true
    for (const answer of answers) {
      this.#noteFailure(answer)
      if (answer.readings === undefined) {
        excused.add(this.#copies.get(answer.name ?? ''))
        allRead &&= answer.name !== undefined
      }
      for (const reading of answer.readings ?? []) this.#feed(reading, answer.metric, fed)
    }
    for (const copy of this.#copies.values()) {
      if (fed.has(copy)) copy.commit()
      else if (allRead && !excused.has(copy)) this.#clear(copy)
    }
  }

  #clear(copy: MetricCopy): void {
    copy.begin()
    copy.commit()
  }

  #feed(reading: LabelledReading, metric: object | undefined, fed: Set<MetricCopy>): void {
    const copy = this.#copyFor(reading, metric)
    if (copy === undefined) return
    if (!fed.has(copy)) {
      copy.begin()
      fed.add(copy)
    } else if (ABOUT_THE_PROCESS.test(reading.name)) return
    copy.take(reading.reading, reading.defaults)
  }

  /** The copy that takes this reading; undefined where there is nothing to copy, or no place for it. */
  #copyFor(source: LabelledReading, metric: object | undefined): MetricCopy | undefined {
    const { name, defaults } = source
    const known = metric === undefined ? undefined : this.#accepted.get(metric)
    const { labelNames } = known?.shape ?? {}
    if (known !== undefined && Object.keys(defaults).every(label => labelNames?.includes(label))) return known
    // What has no samples yet has no buckets to be known by, and nothing to show.
    if (source.reading.values.length === 0) return known
    if (OWN_NAMES.has(name)) return this.#refuse(name, "promherd's own metrics have one of that name")
    const shape = shapeOf(source)
    if (shape === undefined) return this.#refuse(name, `its type \`${source.reading.type}\` is not known`)
    const existing = this.#copies.get(name) ?? this.#create(name, shape)
    if (existing === undefined) return undefined
    if (!isSameShape(existing.shape, shape)) {
      return this.#refuse(name, 'it was declared before with another type, other labels, buckets or aggregator')
    }
    if (metric !== undefined) this.#accepted.set(metric, existing)
    return existing
  }

  #create(name: string, shape: NonNullable<ReturnType<typeof shapeOf>>): MetricCopy | undefined {
    if (this.#refused.has(name)) return undefined
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
    const what = name === undefined ? 'a registry' : `\`${name}\``
    if (failure === undefined) this.#failing.delete(what)
    else if (!this.#failing.has(what)) {
      this.#failing.add(what)
      this.#store.trouble('prom_client', `${what} of prom-client ${failure}: its last numbers stand.`)
    }
  }
}
