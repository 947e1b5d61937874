import { promherdError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { Bound } from './bound.ts'
import { BoundCounter, type CounterSeries, type RejectValue } from './counter.ts'
import { BoundGauge, type GaugeSeries } from './gauge.ts'
import { BoundHistogram, type HistogramSeries } from './histogram.ts'
import {
  type CounterOptions,
  type Declaration,
  declare,
  type GaugeOptions,
  type HistogramOptions,
  type InstrumentType,
} from './instrument-options.ts'
import { type Labelled, SeriesSet } from './labelled.ts'

/** A counter: one series if it has no labels, otherwise a set of series. */
export type Counter<L extends readonly string[] = readonly []> = Instrument<L, CounterSeries>
/** A gauge: one series if it has no labels, otherwise a set of series. */
export type Gauge<L extends readonly string[] = readonly []> = Instrument<L, GaugeSeries>
/** A histogram: one series if it has no labels, otherwise a set of series. */
export type Histogram<L extends readonly string[] = readonly []> = Instrument<L, HistogramSeries>

/** A user's metric: one series if it has no labels, otherwise a set of series. */
type Instrument<L extends readonly string[], S> = L extends readonly [] ? S : Labelled<L, S>

/** Declares users' metrics. */
export interface InstrumentMaker {
  /**
   * Declares a counter. An equal declaration returns the same counter.
   * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_BAD_NAME, ERR_PROMHERD_RESERVED_NAME,
   * ERR_PROMHERD_FAMILY_CONFLICT
   */
  counter<const L extends readonly string[] = readonly []>(options: CounterOptions<L>): Counter<L>
  /** Declares a gauge; throws as `counter` does. */
  gauge<const L extends readonly string[] = readonly []>(options: GaugeOptions<L>): Gauge<L>
  /** Declares a histogram; throws as `counter` does, and ERR_PROMHERD_BAD_BUCKETS. */
  histogram<const L extends readonly string[] = readonly []>(options: HistogramOptions<L>): Histogram<L>
}

/**
 * The counters, gauges and histograms of one store.
 *
 * Only declarations throw. Values that cannot be recorded are ignored and counted as errors, since recording happens
 * while requests are served.
 */
export class Instruments implements InstrumentMaker {
  readonly #store: Store
  readonly #known = new Map<string, AnySeries | SeriesSet<AnySeries>>()
  readonly #timers: NodeJS.Timeout[] = []

  constructor(store: Store) {
    this.#store = store
  }

  counter<const L extends readonly string[] = readonly []>(options: CounterOptions<L>): Counter<L> {
    const make = (bound: Bound, rejectValue: RejectValue): AnySeries => new BoundCounter(bound, rejectValue)
    return this.#declare('counter', declare('counter', options), make) as Counter<L>
  }

  gauge<const L extends readonly string[] = readonly []>(options: GaugeOptions<L>): Gauge<L> {
    const declaration = declare('gauge', options)
    const { aggregator } = declaration.definition
    const make = (bound: Bound, rejectValue: RejectValue): AnySeries => new BoundGauge(bound, rejectValue, aggregator)
    return this.#declare('gauge', declaration, make) as Gauge<L>
  }

  histogram<const L extends readonly string[] = readonly []>(options: HistogramOptions<L>): Histogram<L> {
    const declaration = declare('histogram', options)
    const bounds = Float64Array.from(declaration.definition.buckets)
    const make = (bound: Bound, rejectValue: RejectValue): AnySeries => new BoundHistogram(bound, rejectValue, bounds)
    return this.#declare('histogram', declaration, make) as Histogram<L>
  }

  /** Stops removing idle series. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  #declare(
    type: InstrumentType,
    { definition, maxSeries, expireAfterSeconds }: Declaration,
    make: (bound: Bound, rejectValue: RejectValue) => AnySeries,
  ): unknown {
    const { name } = definition
    const known = this.#known.get(name)
    // Other code sets these numbers, such as a copy of prom-client; recording would overwrite them.
    if (known === undefined && this.#store.has(name)) {
      throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', name, 'numbers from', 'prom-client or an adapter', type)
    }
    const family = this.#store.family(definition, maxSeries)
    if (known !== undefined) return known
    const reportError = (message: string): void => this.#store.reportError('instrument', message)
    const rejectValue: RejectValue = (what, value) =>
      reportError(promherdError('ERR_PROMHERD_BAD_OPTION', name, what, value, 'It was not recorded.').message)
    const set = new SeriesSet(family, bound => make(bound, rejectValue), reportError)
    const instrument = definition.labels.length === 0 ? make(new Bound(family, []), rejectValue) : set
    // Like every gauge, it is not served before it is set.
    if (instrument instanceof BoundGauge) instrument.clear()
    this.#known.set(name, instrument)
    if (expireAfterSeconds !== undefined) this.#expire(set, expireAfterSeconds)
    return instrument
  }

  #expire(set: SeriesSet<AnySeries>, seconds: number): void {
    const everyMs = Math.min(Math.max(seconds * 250, LEAST_SWEEP_MS), MOST_SWEEP_MS)
    this.#timers.push(setInterval(() => set.expire(performance.now() / 1000, seconds), everyMs).unref())
  }
}

type AnySeries = CounterSeries | GaugeSeries | HistogramSeries

/** The limits of the interval between scans for idle series. */
const LEAST_SWEEP_MS = 50
const MOST_SWEEP_MS = 60_000
