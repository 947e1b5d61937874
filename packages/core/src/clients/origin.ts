import type { MetricFeed } from './metric-feed.ts'
import type { PromLabels, PromMetric, PromReading, PromRegistry } from './registry.ts'
import type { Standstill } from './standstill.ts'

/** The state of a registry when its metrics were listed. */
export interface RegistryView {
  readonly registry: PromRegistry
  readonly defaults: PromLabels
  readonly isOpenMetrics: boolean
}

/** A source of numbers that is read in each round: a metric, or a registry that can only be read as a whole. */
export class Origin {
  /** Undefined for a registry. */
  readonly metric: PromMetric | undefined
  /** The last round in which it was registered. */
  round = 0
  /** The first registry in which it was listed in that round. */
  view: RegistryView
  /** The metric's name; undefined for a registry. */
  name: string | undefined
  /** Its feeds, by name. */
  readonly feeds: Map<string, MetricFeed> = new Map()
  /** An answer that has arrived and is not copied yet. */
  answer: readonly PromReading[] | undefined
  /** The number of requests so far, and the last one that was answered. */
  asked = 0
  answered = 0
  /** True once its last sample was taken, at an exit: from then on its kept data is read. */
  isCollected = false
  /** True from a missed deadline until the next answer. */
  isSlow = false
  /** True from a reported failure until the next answer in time. */
  isFailing = false
  /** The last answer of a summary, and the state in which the answer would be the same. */
  quantiles: { readonly answer: readonly PromReading[]; readonly standstill: Standstill } | undefined

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
