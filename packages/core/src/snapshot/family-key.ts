import type { Definition } from '../store/catalog.ts'

/** What families are told apart by. */

/** What the two halves of a summary are told apart by. */
export function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, merge }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, merge])
}
