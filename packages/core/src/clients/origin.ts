import type { MetricFeed } from './metric-feed.ts'

/** What is asked for its numbers, round after round: a metric, or a registry that can only be read as a whole. */
export class Origin {
  /** The last round in which it was there to be asked. */
  round = 0
  /** True where it has answered in that round. */
  hasAnswered = false
  /** What it brings in, by the names. */
  readonly feeds: Map<string, MetricFeed> = new Map()

  begin(round: number): void {
    this.round = round
    this.hasAnswered = false
  }
}
