import { signatureOf } from '../definitions/definition.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { DefaultRegistries } from './default-registries.ts'
import { MetricSource } from './metric-source.ts'
import { MetricTarget } from './metric-target.ts'
import type { PromClientOption, PromReading, PromRegistry } from './registry.ts'
import { type RegistryEntry, RegistryReader } from './registry-reader.ts'
import { type LabelledReading, type PromShape, shapeOf } from './shape.ts'
import { type FieldReading, readFields } from './synchronous-reader.ts'

/** The maximum time that a metric may take to return its numbers; after that its last numbers are served. */
const READ_DEADLINE_MS = 1000
/** The interval at which exemplars are written while nothing reads them in this process. */
const EXEMPLARS_INTERVAL_MS = 1000

const OWN_NAMES: ReadonlySet<string> = new Set(Object.values(FAMILIES).map(({ name }) => name))
/** prom-client's metrics of the process: two copies of prom-client report the same values twice. */
const PROCESS_METRIC = /^(?:process|nodejs)_/

/**
 * Copies prom-client registries into a store: synchronously the numbers in the fields of metrics, and in rounds those
 * that must be requested.
 *
 * A counter in the store never decreases, regardless of its sources: a counter that is reset, removed, or replaced by
 * another with its name adds its counts to the earlier ones. Gauges and quantiles are removed with their metric. If a
 * metric comes back with another type, other labels or buckets, it takes the name over as soon as no registered metric
 * uses the old definition.
 */
export class PromClientCopier {
  readonly #store: Store
  readonly #registries: () => readonly PromRegistry[]
  readonly #reader = new RegistryReader(READ_DEADLINE_MS, (entry, failure) => this.#noteFailure(entry, failure))
  readonly #targets = new Map<string, MetricTarget>()
  /** The sources whose metrics are registered, and the entries that they are read from. */
  readonly #registered = new Map<MetricSource, RegistryEntry>()
  readonly #rejected = new Set<string>()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #isBroken = false
  /** True if the last scan found a metric that must be requested and never was. */
  #hasNew = false
  #exemplarsSettledAt = 0

  constructor(store: Store, option: Exclude<PromClientOption, false> = 'auto') {
    this.#store = store
    if (option === 'auto') {
      const defaults = new DefaultRegistries(message => store.reportError('prom_client', message))
      this.#registries = () => defaults.find()
    } else this.#registries = () => option
  }

  /**
   * Copies everything, after calling `collect()` of the metrics that have one. Never rejects, and never takes much
   * longer than two deadlines.
   */
  collect(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#round().finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    // The current round may have read before the caller's last change: all calls during it share the next round.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.collect()
    })
    return this.#next
  }

  /**
   * Copies synchronously the numbers in the fields of metrics, and responses that have arrived. Calls no code of the
   * user. Returns whether anything has changed. Never throws.
   */
  scan(): boolean {
    try {
      const hasChanged = this.#copy()
      this.#isBroken = false
      return hasChanged
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** The same, and samples metrics that were never sampled before. */
  scanAndSample(): boolean {
    const hasChanged = this.scan()
    if (this.#hasNew) void this.collect()
    return hasChanged
  }

  /** The same at an exit, after calling the `collect()` of metrics whose counts would otherwise be missed. */
  scanAtExit(): boolean {
    try {
      this.#reader.collectSynchronously(this.#registries())
    } catch (error) {
      this.#fail(error)
      return false
    }
    return this.scan()
  }

  async #round(): Promise<void> {
    try {
      await this.#reader.request(this.#registries())
    } catch (error) {
      this.#fail(error)
    }
    this.scan()
    this.#settleExemplars(true)
  }

  #copy(): boolean {
    const entries = this.#reader.list(this.#registries())
    // Process removed metrics first: a replacement takes their name, and adds to their counts. A registry that could
    // not be listed may still have all of its metrics.
    let hasChanged = false
    const { rounds } = this.#reader
    for (const [source, { round, view }] of this.#registered) {
      if (round === rounds || this.#reader.isWhole(view.registry)) continue
      this.#remove(source)
      hasChanged = true
    }
    this.#hasNew = false
    for (const entry of entries) if (this.#copyEntry(entry)) hasChanged = true
    if (hasChanged) for (const target of this.#targets.values()) target.finish()
    this.#settleExemplars(false)
    return hasChanged
  }

  #copyEntry(entry: RegistryEntry): boolean {
    const { metric, response, view } = entry
    const fields = metric && readFields(metric, entry.isCollected)
    if (entry.requested === 0 && (fields === undefined || fields.type === 'summary')) this.#hasNew = true
    if (fields === undefined && response === undefined) return false
    entry.response = undefined
    let hasChanged = false
    if (fields !== undefined) {
      const source = this.#sourceFor(labelled(fields, entry), entry)
      if (source !== undefined) {
        hasChanged = source.copyFields(fields, view.defaults)
        // The counts of a response may be older than the fields were when it arrived.
        for (const reading of response ?? []) if (source.copyQuantiles(reading, view.defaults)) hasChanged = true
      }
    } else {
      for (const reading of response!) {
        const source = this.#sourceFor(labelled(reading, entry), entry)
        if (source?.copyReading(reading, view.defaults)) hasChanged = true
      }
    }
    for (const source of entry.sources.values()) {
      if (source.round === this.#reader.rounds || !source.isRegistered) continue
      this.#remove(source)
      hasChanged = true
    }
    return hasChanged
  }

  /**
   * Writes new exemplars, at most once a second unless `now`: they go to a separate file, which is replaced as a whole.
   */
  #settleExemplars(now: boolean): void {
    const time = performance.now()
    if (!now && time - this.#exemplarsSettledAt < EXEMPLARS_INTERVAL_MS) return
    this.#exemplarsSettledAt = time
    this.#store.settleExemplars()
  }

  #fail(error: unknown): void {
    if (!this.#isBroken) {
      this.#store.reportError('prom_client', `the metrics of prom-client could not be copied: ${String(error)}`)
    }
    this.#isBroken = true
  }

  #remove(source: MetricSource): void {
    source.remove()
    source.isRegistered = false
    this.#registered.delete(source)
  }

  /** The source of this reading; undefined if there is nothing to copy, or the name is not available. */
  #sourceFor(given: LabelledReading, entry: RegistryEntry): MetricSource | undefined {
    const known = entry.sources.get(given.name)
    const isValid = known !== undefined && !known.target.isWithdrawn && this.#matches(known.target.shape, given)
    const source = isValid ? known : this.#newSource(given, entry)
    if (source === undefined) return undefined
    if (!source.isRegistered) {
      if (this.#isReportedByAnother(source, given.name)) return undefined
      source.isRegistered = true
      this.#registered.set(source, entry)
    }
    source.round = this.#reader.rounds
    return source
  }

  #newSource(given: LabelledReading, entry: RegistryEntry): MetricSource | undefined {
    const { name, reading } = given
    // A metric without samples has no buckets that could identify it, and nothing to serve.
    if (reading.values.length === 0) return undefined
    const shape = shapeOf(given)
    if (shape === undefined) return this.#reject(name, `its type \`${reading.type}\` is not known`)
    const target = this.#targetFor(name, shape, entry)
    if (target === undefined) return undefined
    const source = new MetricSource(target)
    entry.sources.set(name, source)
    return source
  }

  /** True if the reading still matches the target, as far as that can be checked without cost. */
  #matches({ labelNames }: PromShape, given: LabelledReading): boolean {
    if (given.labelNames !== undefined) {
      for (const label in given.defaults) if (!labelNames.includes(label)) return false
      return true
    }
    const shape = given.reading.values.length === 0 ? undefined : shapeOf(given)
    return shape === undefined || shape.labelNames.every(label => labelNames.includes(label))
  }

  #isReportedByAnother(source: MetricSource, name: string): boolean {
    if (!PROCESS_METRIC.test(name)) return false
    for (const other of this.#registered.keys()) if (other !== source && other.target === source.target) return true
    return false
  }

  #targetFor(name: string, shape: PromShape, entry: RegistryEntry): MetricTarget | undefined {
    if (OWN_NAMES.has(name)) return this.#reject(name, 'promherd itself has a metric of that name')
    const existing = this.#targets.get(name)
    if (existing === undefined) return this.#newTarget(name, shape)
    if (signatureOf(existing.shape.definition) === signatureOf(shape.definition)) return existing
    const owners = [...this.#registered].filter(([{ target }]) => target === existing)
    if (owners.some(([, owner]) => owner !== entry)) {
      return this.#reject(name, 'another metric of that name has a different type, labels, buckets or aggregator')
    }
    for (const [source] of owners) this.#remove(source)
    existing.finish()
    if (!existing.withdraw()) return undefined
    this.#targets.delete(name)
    return this.#newTarget(name, shape)
  }

  #newTarget(name: string, shape: PromShape): MetricTarget | undefined {
    if (this.#store.has(name)) return this.#reject(name, 'this process records a metric of that name itself')
    const target = new MetricTarget(this.#store, shape)
    this.#targets.set(name, target)
    return target
  }

  #reject(name: string, reason: string): undefined {
    if (this.#rejected.has(name)) return undefined
    this.#rejected.add(name)
    this.#store.reportError(
      'prom_client',
      `\`${name}\` of prom-client is not copied: ${reason}. Rename one of the two.`,
    )
    return undefined
  }

  #noteFailure(entry: RegistryEntry, failure: string | undefined): void {
    if (failure !== undefined && !entry.isFailing) {
      const what = entry.name === undefined ? 'a registry' : `\`${entry.name}\``
      this.#store.reportError('prom_client', `${what} of prom-client ${failure}. Its last numbers are still served.`)
    }
    entry.isFailing = failure !== undefined
  }
}

function labelled(reading: PromReading | FieldReading, { metric, view }: RegistryEntry): LabelledReading {
  const { defaults, isOpenMetrics } = view
  const labelNames = Array.isArray(metric?.labelNames) ? metric.labelNames : undefined
  return { name: nameIn(reading, isOpenMetrics), reading, labelNames, defaults }
}

/**
 * The name as it is served: for OpenMetrics, prom-client removes `_total` from counters, and adds it when rendering.
 */
function nameIn({ name, type }: PromReading | FieldReading, isOpenMetrics: boolean): string {
  return isOpenMetrics && type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name
}
