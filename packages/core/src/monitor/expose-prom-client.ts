import { EXPOSED, isOpenMetrics, type PromRegistry } from '../clients/registry.ts'
import type { Family, Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { defaultMonitor } from './default-monitor.ts'
import { samplesOf } from './exposed-samples.ts'

/** A registry of prom-client through which promherd's metrics can be read. */
export interface ExposableRegistry extends PromRegistry {
  metrics(): Promise<string>
  getMetricsAsArray(): readonly object[]
  /** Accepts any object with the methods of a metric, although its declaration requires prom-client's own classes. */
  registerMetric(metric: never): void
  getSingleMetric(name: string): object | undefined
  removeSingleMetric(name: string): void
}

/** Options for serving a herd through a registry. */
export interface ExposeOptions {
  /** The source of the numbers: its whole herd if it has a directory. @default the monitor of this process */
  readonly monitor?: SnapshotSource | undefined
}

/**
 * Makes `register.metrics()` and `register.getMetricsAsJSON()` include all metrics of the whole herd, including
 * families that appear later. A name that the registry already has stays the registry's own, so nothing is counted
 * twice. Returns a function that undoes it.
 */
export function exposeHerd(register: ExposableRegistry, options: ExposeOptions = {}): () => void {
  const exposure = new Exposure(register, options.monitor ?? defaultMonitor())
  return () => exposure.undo()
}

class Exposure {
  readonly #register: ExposableRegistry
  readonly #source: SnapshotSource
  readonly #metrics = new Map<string, ExposedMetric>()
  readonly #undo: readonly (() => void)[]
  /** The snapshot of the rendering in progress, so that all of its families are from the same moment. */
  #snapshot: Snapshot | undefined
  #renderings = 0

  constructor(register: ExposableRegistry, source: SnapshotSource) {
    this.#register = register
    this.#source = source
    this.#undo = [this.#wrap('metrics'), this.#wrap('getMetricsAsJSON')]
  }

  undo(): void {
    for (const undo of this.#undo) undo()
    for (const [name, metric] of this.#metrics) {
      if (this.#register.getSingleMetric(name) === metric) this.#register.removeSingleMetric(name)
    }
    this.#metrics.clear()
  }

  async familyOf(name: string): Promise<Family | undefined> {
    const { families } = await (this.#snapshot ?? this.#source.snapshot())
    return families.find(family => family.name === name)
  }

  get isOpenMetrics(): boolean {
    return isOpenMetrics(this.#register)
  }

  /** prom-client lists its metrics before it reads any, so the current families are registered first. */
  #wrap(method: 'metrics' | 'getMetricsAsJSON'): () => void {
    const register = this.#register
    const own = Object.getOwnPropertyDescriptor(register, method)
    const original: (...given: unknown[]) => Promise<unknown> = register[method]
    const wrapped = async (...given: unknown[]): Promise<unknown> => {
      this.#renderings++
      try {
        this.#snapshot = await this.#source.snapshot()
        this.#addFamilies(this.#snapshot.families)
        return await original.apply(register, given)
      } finally {
        if (--this.#renderings === 0) this.#snapshot = undefined
      }
    }
    Object.defineProperty(register, method, { value: wrapped, writable: true, configurable: true })
    return () => {
      if (own !== undefined) Object.defineProperty(register, method, own)
      else Reflect.deleteProperty(register, method)
    }
  }

  #addFamilies(families: readonly Family[]): void {
    for (const { name, help, type } of families) {
      // An existing metric with this name, promherd's or the user's, keeps it.
      if (this.#register.getSingleMetric(name) !== undefined) continue
      const metric = this.#metrics.get(name) ?? new ExposedMetric(this, name, help, type)
      this.#metrics.set(name, metric)
      this.#register.registerMetric(metric as never)
    }
  }
}

/** One family of the herd, with the interface of a prom-client metric. */
class ExposedMetric {
  readonly [EXPOSED] = true
  readonly help: string
  readonly type: string
  /** Each process reports the numbers of the whole herd, so an aggregate over processes takes those of any one. */
  readonly aggregator = 'first'
  readonly #exposure: Exposure
  readonly #name: string

  constructor(exposure: Exposure, name: string, help: string, type: string) {
    this.#exposure = exposure
    this.#name = name
    this.help = help
    this.type = type
  }

  get name(): string {
    return this.#name
  }

  // prom-client renames counters when it renders OpenMetrics, and never restores the name.
  set name(_: string) {}

  reset(): void {}

  async get(): Promise<object> {
    const { help, type, aggregator } = this
    const family = await this.#exposure.familyOf(this.#name)
    const values = family === undefined ? [] : samplesOf(family)
    const strip = this.#exposure.isOpenMetrics && type === 'counter'
    const name = strip ? this.#name.replace(/_total$/, '') : this.#name
    return { name, help, type, aggregator, values, [EXPOSED]: true }
  }
}
