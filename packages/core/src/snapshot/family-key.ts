import type { Definition } from '../store/catalog.ts'

/** The keys that distinguish families. */

/** The key of a summary's quantiles, which distinguishes its two halves. */
export function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, merge }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, merge])
}
