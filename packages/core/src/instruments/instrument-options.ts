import { type Check, checkOptions, isBuckets, isInteger, isOneOf, isString, type Shape } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'
import { AGGREGATORS, type Aggregator, type Definition } from '../definitions/definition.ts'
import { DURATION_BUCKETS, FAMILIES } from '../definitions/metrics.ts'
import { MAX_BUCKETS } from './histogram.ts'

/** Options of every counter, gauge and histogram. */
interface InstrumentOptions<L extends readonly string[] = readonly string[]> {
  /** The metric's name, as Prometheus shows it: nothing is added to it. */
  readonly name: string
  /** A description, one sentence. */
  readonly help: string
  /** The names of its labels. @default none */
  readonly labels?: L | undefined
  /** The maximum number of series in each process; later ones share one series. @default 1000 */
  readonly maxSeries?: number | undefined
  /**
   * The number of seconds without a recording after which a series is removed in this process, or up to a quarter of
   * that later. Only for metrics with labels.
   * @default never
   */
  readonly expireAfterSeconds?: number | undefined
}

export interface CounterOptions<L extends readonly string[] = readonly string[]> extends InstrumentOptions<L> {
  /** `sum` adds the workers up, `worker` keeps them apart with a label `worker`. @default 'sum' */
  readonly aggregator?: 'sum' | 'worker' | undefined
}

export interface GaugeOptions<L extends readonly string[] = readonly string[]> extends InstrumentOptions<L> {
  /**
   * How the values of several workers are combined: `sum`, `max`, `min`, `average`, `first` (that of the worker
   * that has been running longest), `latest` (the value that was set last), or `worker`, which keeps them apart with a
   * label `worker`.
   * @default 'sum'
   */
  readonly aggregator?: Aggregator | undefined
}

export interface HistogramOptions<L extends readonly string[] = readonly string[]> extends CounterOptions<L> {
  /** Upper bounds, increasing, without +Inf. @default the bounds for HTTP durations, from 5 ms to 10 s */
  readonly buckets?: readonly number[] | undefined
}

/** An instrument with checked options. */
export interface Declaration {
  readonly definition: Definition
  readonly maxSeries: number | undefined
  readonly expireAfterSeconds: number | undefined
}

export type InstrumentType = 'counter' | 'gauge' | 'histogram'

/**
 * Checks `options` and returns the declaration.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_BAD_BUCKETS, ERR_PROMHERD_BAD_NAME,
 * ERR_PROMHERD_RESERVED_NAME
 */
export function declare(type: InstrumentType, options: CounterOptions | GaugeOptions | HistogramOptions): Declaration {
  checkOptions(type, options, INSTRUMENT_SHAPES[type] as Shape<HistogramOptions | GaugeOptions>)
  const { name, help, labels = [], maxSeries, expireAfterSeconds, aggregator = 'sum' } = options
  checkName(type, name)
  if (typeof help !== 'string')
    throw promherdError('ERR_PROMHERD_BAD_OPTION', `${type}.help`, 'a string', help, DESCRIBE)
  for (const label of labels) checkLabel(type, label, aggregator)
  if (expireAfterSeconds !== undefined && labels.length === 0) {
    const remedy = 'Leave it out, or give labels: the one series of a metric without labels stays.'
    throw promherdError(
      'ERR_PROMHERD_BAD_OPTION',
      `${type}.expireAfterSeconds`,
      'absent without labels',
      expireAfterSeconds,
      remedy,
    )
  }
  const buckets = 'buckets' in options && options.buckets !== undefined ? [...options.buckets] : DURATION_BUCKETS
  const definition = { name, type, help, labels: [...labels], buckets: type === 'histogram' ? buckets : [], aggregator }
  return { definition, maxSeries, expireAfterSeconds }
}

const DESCRIBE = 'Describe what is measured.'

const isLabels: Check = (name, value) => {
  if (Array.isArray(value) && new Set(value).size === value.length) return
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a list of different names', value, "Give them as ['method'].")
}

const isSeconds: Check = (name, value) => {
  if (typeof value === 'number' && value > 0 && value <= MAX_EXPIRY_SECONDS) return
  const expected = `a number of seconds above 0, at most ${MAX_EXPIRY_SECONDS}`
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, expected, value, 'Leave it out to keep every series.')
}

/** A year. */
const MAX_EXPIRY_SECONDS = 31_536_000

const isFewBuckets: Check = (name, value) => {
  isBuckets(name, value)
  const { length } = value as readonly number[]
  if (length <= MAX_BUCKETS) return
  const expected = `at most ${MAX_BUCKETS} bounds`
  throw promherdError(
    'ERR_PROMHERD_BAD_OPTION',
    name,
    expected,
    length,
    'Give fewer: each is a number in every series.',
  )
}

const COMMON: Shape<InstrumentOptions> = {
  name: isString('Give the name that Prometheus should show.'),
  help: isString(DESCRIBE),
  labels: isLabels,
  maxSeries: isInteger(1, 1_000_000, 'Leave it out for 1000.'),
  expireAfterSeconds: isSeconds,
}
const COUNTER: Shape<CounterOptions> = {
  ...COMMON,
  aggregator: isOneOf(['sum', 'worker'], 'Other merges are for gauges.'),
}
/** The check of each option. */
export const INSTRUMENT_SHAPES: {
  readonly counter: Shape<CounterOptions>
  readonly gauge: Shape<GaugeOptions>
  readonly histogram: Shape<HistogramOptions>
} = {
  counter: COUNTER,
  gauge: { ...COMMON, aggregator: isOneOf(AGGREGATORS, "Leave it out for 'sum'.") },
  histogram: { ...COUNTER, buckets: isFewBuckets },
}

function checkName(type: InstrumentType, name: unknown): void {
  if (typeof name !== 'string' || !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    throw promherdError('ERR_PROMHERD_BAD_NAME', `name of a ${type}`, name)
  }
  if (OWN_NAMES.has(name)) throw promherdError('ERR_PROMHERD_RESERVED_NAME', 'metric name', name, 'promherd itself')
}

function checkLabel(type: InstrumentType, label: unknown, aggregator: Aggregator): void {
  if (typeof label !== 'string' || !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
    throw promherdError('ERR_PROMHERD_BAD_NAME', 'label name', label)
  }
  const owner = ownerOf(type, label, aggregator)
  if (owner !== undefined) throw promherdError('ERR_PROMHERD_RESERVED_NAME', 'label name', label, owner)
}

/** What a label is reserved for; undefined if the user may have it. */
function ownerOf(type: InstrumentType, label: string, aggregator: Aggregator): string | undefined {
  if (label.startsWith('__')) return 'Prometheus itself'
  if (type === 'histogram' && label === 'le') return 'the buckets of histograms'
  return aggregator === 'worker' && label === 'worker' ? "the aggregator 'worker'" : undefined
}

/** The names of promherd's own families, and of the series that its histograms are written as. */
const OWN_NAMES: ReadonlySet<string> = new Set(
  Object.values(FAMILIES).flatMap(({ name, type }) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
)
