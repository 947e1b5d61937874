import type { MetricFeed } from './metric-feed.ts'
import type { PromLabels, PromMetric, PromReading, PromRegistry } from './registry.ts'
import type { Standstill } from './standstill.ts'

/** A registry as it was when its metrics were listed. */
export interface RegistryView {
  readonly registry: PromRegistry
  readonly defaults: PromLabels
  readonly isOpenMetrics: boolean
}

/** Where numbers come from, round after round: a metric, or a registry that can only be read as a whole. */
export class Origin {
  /** Undefined for a registry. */
  readonly metric: PromMetric | undefined
  /** The last round in which it was registered. */
  round = 0
  /** The registry that it was listed in first, in that round. */
  view: RegistryView
  /** The metric's; undefined for a registry. */
  name: string | undefined
  /** What it brings in, by name. */
  readonly feeds: Map<string, MetricFeed> = new Map()
  /** What it has answered to a question and is not brought in yet. */
  answer: readonly PromReading[] | undefined
  /** The number of questions so far, and the last one that was answered. */
  asked = 0
  answered = 0
  /** True once its last sample was taken, at an exit: from then on what it keeps is read. */
  isCollected = false
  /** True from a missed deadline until the next answer. */
  isSlow = false
  /** True from a reported failure until the next answer in time. */
  isFailing = false
  /** The last answer of a summary, and the state in which it would answer the same. */
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
