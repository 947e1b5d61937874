import type { Check } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'

/**
 * The interface that promherd needs of a prom-client: small enough that prom-client 15, `@prometheus-io/client` 0.16
 * and their forks all have it.
 */

/** A registry of prom-client, of `@prometheus-io/client`, or an object with the same methods. */
export interface PromRegistry {
  /** All metrics of the registry, read once. */
  getMetricsAsJSON(): Promise<readonly object[]>
  /** The metrics themselves: if this method exists, each is read separately, and one that hangs delays no other. */
  getMetricsAsArray?(): readonly object[]
  /** Shows whether counters are listed without their `_total`. */
  readonly contentType?: string
}

/** The result of reading a metric. */
export interface PromReading {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator?: string | undefined
  readonly values: readonly PromSample[]
}

/** One number of a reading. */
export interface PromSample {
  readonly value: number
  readonly labels?: PromLabels
  /** Labels that several samples have in common, beside their own. */
  readonly sharedLabels?: PromLabels
  /** Set if it differs from the metric's own name: `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string | undefined
  /** The same object each time; the metric writes its next exemplar into it. */
  readonly exemplar?: PromExemplar | null | undefined
}

/** The exemplar that a metric with `enableExemplars` keeps for a counter, or for a bucket. */
export interface PromExemplar {
  readonly labelSet?: unknown
  readonly value?: unknown
  /** Unix seconds; missing until the first was recorded. */
  readonly timestamp?: unknown
}

export type PromLabels = Readonly<Record<string, unknown>>

/** A registered metric. */
export interface PromMetric {
  readonly name?: unknown
  readonly labelNames?: unknown
  readonly collect?: unknown
  get(): Promise<PromReading> | PromReading
  getForPromString?(): Promise<PromReading> | PromReading
}

/** Marks metrics that promherd itself put into a registry: they are never copied back. */
export const EXPOSED: unique symbol = Symbol.for('promherd.exposed.v1') as never

/** Which prom-client registries a monitor copies: none, the defaults of every loaded copy, or the given ones. */
export type PromClientOption = false | 'auto' | readonly PromRegistry[]

/** `false`, `'auto'` or a list of registries. */
export const isPromClientOption: Check = (name, value) => {
  if (value === false || value === 'auto') return
  if (Array.isArray(value) && value.every(isRegistry)) return
  throw promherdError(
    'ERR_PROMHERD_BAD_OPTION',
    name,
    "`false`, 'auto' or a list of prom-client registries",
    value,
    'Pass registries as `[register]`, or omit the option to copy the default registries.',
  )
}

/** True for an object that can be read like a registry of prom-client. */
export function isRegistry(value: unknown): value is PromRegistry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getMetricsAsJSON' in value &&
    typeof value.getMetricsAsJSON === 'function'
  )
}

/** True for a metric of a registry that can be read separately. */
export function isMetric(value: object): value is PromMetric {
  return 'get' in value && typeof value.get === 'function'
}

/** The labels that a registry adds to every sample that has none of that name. */
export function defaultLabelsOf(registry: PromRegistry): PromLabels {
  const labels = '_defaultLabels' in registry ? registry._defaultLabels : undefined
  return typeof labels === 'object' && labels !== null ? (labels as PromLabels) : {}
}

/** True if the registry serves OpenMetrics, for which prom-client removes `_total` from the names of counters. */
export function isOpenMetrics(registry: PromRegistry): boolean {
  return registry.contentType?.startsWith('application/openmetrics-text') === true
}
