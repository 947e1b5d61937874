import { waitAtMost } from '../base/wait-at-most.ts'
import type { MetricSource } from './metric-source.ts'
import {
  defaultLabelsOf,
  EXPOSED,
  isMetric,
  isOpenMetrics,
  type PromLabels,
  type PromMetric,
  type PromReading,
  type PromRegistry,
} from './registry.ts'
import { SummaryCache } from './summary-cache.ts'
import { collectSynchronously, readFields } from './synchronous-reader.ts'

/** The state of a registry when its metrics were listed. */
interface RegistryView {
  readonly registry: PromRegistry
  readonly defaults: PromLabels
  readonly isOpenMetrics: boolean
}

/** What is read in each round: a metric, or a registry that can only be read as a whole. */
export class RegistryEntry {
  /** Undefined for a registry. */
  readonly metric: PromMetric | undefined
  /** The last round in which it was registered. */
  round = 0
  /** The first registry in which it was listed in that round. */
  view: RegistryView
  /** The metric's name; undefined for a registry. */
  name: string | undefined
  /** Its metrics as sources, by name: a registry has several. */
  readonly sources: Map<string, MetricSource> = new Map()
  /** A response that has arrived and is not copied yet. */
  response: readonly PromReading[] | undefined
  /** The number of requests so far, and the last one that was answered. */
  requested = 0
  answered = 0
  /** True once its last sample was taken, at an exit: from then on its fields are read. */
  isCollected = false
  /** True from a missed deadline until the next response. */
  isSlow = false
  /** True from a reported failure until the next response in time. */
  isFailing = false
  /** Undefined until quantiles are requested. */
  summaryCache: SummaryCache | undefined

  constructor(metric: PromMetric | undefined, view: RegistryView) {
    this.metric = metric
    this.view = view
  }

  begin(round: number, view: RegistryView, name: string | undefined): void {
    this.round = round
    this.view = view
    this.name = name
  }
}

/** Called with the reason why an entry provides nothing new; with undefined once it has responded again. */
type OnFailure = (entry: RegistryEntry, failure: string | undefined) => void

/** Lists the entries of registries, and requests the numbers that cannot be read synchronously. */
export class RegistryReader {
  readonly #deadlineMs: number
  readonly #onFailure: OnFailure
  readonly #entries = new WeakMap<object, RegistryEntry>()
  #rounds = 0

  constructor(deadlineMs: number, onFailure: OnFailure) {
    this.#deadlineMs = deadlineMs
    this.#onFailure = onFailure
  }

  /** The number of times that registries were listed. */
  get rounds(): number {
    return this.#rounds
  }

  /**
   * Lists the metrics of registries, each once, in the order of their registration. A registry that fails while it is
   * listed, or has no list, is listed as a whole.
   */
  list(registries: readonly PromRegistry[]): readonly RegistryEntry[] {
    this.#rounds++
    const found: RegistryEntry[] = []
    for (const registry of registries) {
      const view = viewOf(registry)
      const count = found.length
      try {
        if (registry.getMetricsAsArray === undefined) this.#add(found, registry, undefined, view)
        else for (const metric of registry.getMetricsAsArray()) this.#addMetric(found, metric, view)
        if (registry.getMetricsAsArray !== undefined) this.#noteListed(registry)
      } catch (error) {
        found.length = count
        const whole = this.#entryOf(registry, undefined, view)
        whole.begin(this.#rounds, view, undefined)
        this.#onFailure(whole, `failed: ${String(error)}`)
      }
    }
    return found
  }

  /** True if a registry was listed as a whole in this round, or failed in it. */
  isWhole(registry: object): boolean {
    return this.#entries.get(registry)?.round === this.#rounds
  }

  /**
   * Requests all numbers that must be requested. Resolves when all requests were answered, or after the deadline. An
   * entry that has missed the deadline once gets only `GRACE_MS` until it has responded; a late response is copied when
   * it arrives. Never rejects.
   *
   * Requests are made in the order of registration, since the `collect()` of one metric may set later metrics.
   */
  async request(registries: readonly PromRegistry[]): Promise<void> {
    const deadline = { isOver: false }
    const inTime: Promise<void>[] = []
    const slow: Promise<void>[] = []
    const requests: [entry: RegistryEntry, request: number][] = []
    for (const entry of this.list(registries)) {
      const read = requestFor(entry)
      if (read === undefined) continue
      const received = this.#receive(entry, read, deadline)
      requests.push([entry, entry.requested])
      if (entry.isSlow) slow.push(received)
      else inTime.push(received)
    }
    await Promise.all([settled(inTime, this.#deadlineMs), settled(slow, Math.min(GRACE_MS, this.#deadlineMs))])
    deadline.isOver = true
    for (const [entry, request] of requests) {
      if (entry.answered >= request) continue
      entry.isSlow = true
      this.#onFailure(entry, `did not answer within ${this.#deadlineMs} ms`)
    }
  }

  /**
   * Runs the collect functions of metrics at an exit, as far as that is possible synchronously: from then on their
   * fields are read.
   */
  collectSynchronously(registries: readonly PromRegistry[]): void {
    for (const entry of this.list(registries)) {
      const { metric, requested, answered } = entry
      // A metric with a pending request may be in the middle of collecting.
      entry.isCollected = metric !== undefined && requested === answered && collectSynchronously(metric)
    }
  }

  async #receive(
    entry: RegistryEntry,
    read: () => Promise<readonly PromReading[]>,
    deadline: { readonly isOver: boolean },
  ): Promise<void> {
    const request = ++entry.requested
    let response: readonly PromReading[] | undefined
    let failure: string | undefined
    try {
      response = await read()
    } catch (error) {
      failure = `failed: ${String(error)}`
    }
    // A later request was answered first.
    if (request < entry.answered) return
    entry.answered = request
    entry.isSlow = false
    if (response !== undefined) entry.response = response
    if (!deadline.isOver) this.#onFailure(entry, failure)
  }

  #addMetric(found: RegistryEntry[], metric: object, view: RegistryView): void {
    if (!(EXPOSED in metric) && isMetric(metric)) this.#add(found, metric, metric, view)
  }

  #add(found: RegistryEntry[], key: object, metric: PromMetric | undefined, view: RegistryView): void {
    const entry = this.#entryOf(key, metric, view)
    // It is also in another registry.
    if (entry.round === this.#rounds) return
    entry.begin(this.#rounds, view, metric === undefined ? undefined : String(metric.name))
    found.push(entry)
  }

  #noteListed(registry: PromRegistry): void {
    const whole = this.#entries.get(registry)
    if (whole !== undefined) this.#onFailure(whole, undefined)
  }

  #entryOf(key: object, metric: PromMetric | undefined, view: RegistryView): RegistryEntry {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = new RegistryEntry(metric, view)
      this.#entries.set(key, entry)
    }
    return entry
  }
}

/** The time for an entry that missed the deadline before: enough for one that responds at once. */
const GRACE_MS = 20

function viewOf(registry: PromRegistry): RegistryView {
  return { registry, defaults: defaultLabelsOf(registry), isOpenMetrics: isOpenMetrics(registry) }
}

/** Returns a function that requests an entry's numbers; undefined if nothing must be requested. */
function requestFor(entry: RegistryEntry): (() => Promise<readonly PromReading[]>) | undefined {
  const { metric } = entry
  if (metric === undefined) return () => readWhole(entry.view.registry)
  const fields = readFields(metric)
  // The method for prom-client's own rendering: the same numbers without a copy of the labels for each bucket.
  if (fields === undefined) return async () => [await (metric.getForPromString?.() ?? metric.get())]
  if (fields.type !== 'summary') return undefined
  entry.summaryCache ??= new SummaryCache()
  const cache = entry.summaryCache
  return () => cache.read(metric)
}

async function readWhole(registry: PromRegistry): Promise<readonly PromReading[]> {
  return (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each)) as unknown as readonly PromReading[]
}

/** If there is nothing to wait for, no timer is created. */
async function settled(responses: readonly Promise<void>[], deadlineMs: number): Promise<void> {
  if (responses.length > 0) await waitAtMost(deadlineMs, Promise.all(responses))
}
