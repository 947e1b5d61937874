import { promherdError } from '../base/errors.ts'

/** What a family of series is, and when two definitions describe the same one. */

/** How the values of several workers are combined. The documentation of gauges describes each name. */
export const AGGREGATORS = ['sum', 'max', 'min', 'average', 'first', 'latest', 'worker'] as const
export type Aggregator = (typeof AGGREGATORS)[number]

/** `quantiles` is the per-worker half of a summary; it has the summary's name. */
export const FAMILY_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'quantiles', 'untyped'] as const
export type FamilyType = (typeof FAMILY_TYPES)[number]

/** The definition of a family of series. Two processes with the same family have equal definitions. */
export interface Definition {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, increasing, without +Inf. Empty for every other type. */
  readonly buckets: readonly number[]
  /**
   * `worker` keeps the workers apart with a label `worker`, for any type. All others except `sum` are for gauges only.
   */
  readonly aggregator: Aggregator
  /**
   * Gauges of a group of herds with the aggregator `average`: a second slot holds the number of workers that each average covers.
   */
  readonly weighted?: boolean | undefined
  /** Histograms only: the counter that their counts are added to when a snapshot is taken. */
  readonly countsInto?: string | undefined
}

/** The number of slots that a series of this family takes in a store. */
export function widthOf(definition: Pick<Definition, 'type' | 'buckets' | 'aggregator' | 'weighted'>): number {
  if (definition.type === 'histogram') return definition.buckets.length + 2 // +Inf, and the sum.
  if (definition.type === 'summary') return 2 // The sum and the count.
  // The value and the time when it was set, or the average and its number of workers.
  return definition.aggregator === 'latest' || definition.weighted === true ? 2 : 1
}

/** The key of a family. Both halves of a summary have its name, so the quantiles get a key of their own. */
export function keyOfFamily({ name, type }: Pick<Definition, 'name' | 'type'>): string {
  return type === 'quantiles' ? quantilesKey(name) : name
}

/** The key of a summary's quantiles. */
export function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, aggregator }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, aggregator])
}

const PARTS = ['type', 'labels', 'buckets', 'aggregator'] as const

/** True if both definitions describe the same family; the help may differ. */
export function isSame(a: Definition, b: Definition): boolean {
  return PARTS.every(part => String(a[part]) === String(b[part]))
}

/** @throws ERR_PROMHERD_FAMILY_CONFLICT if the definitions do not describe the same family. */
export function rejectConflict(existing: Definition, given: Definition): void {
  for (const part of PARTS) {
    if (String(existing[part]) !== String(given[part])) {
      throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', given.name, part, existing[part], given[part])
    }
  }
}
