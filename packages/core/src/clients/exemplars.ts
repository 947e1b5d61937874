import { type Exemplar, type ExemplarLabel, exemplarOf } from '../store/exemplar.ts'
import { wellFormed } from '../store/family.ts'
import type { Store } from '../store/store.ts'
import type { PromExemplar } from './registry.ts'
import type { SeriesCopy } from './series-copy.ts'

/**
 * Copies prom-client's exemplar of one bucket (for a counter: of its only one) into the store, if it is newer than the
 * stored one. Most exemplars were read before, which costs one comparison.
 */
export function takeExemplar(
  store: Store,
  family: string,
  series: SeriesCopy,
  bucket: number,
  given: PromExemplar,
): void {
  const { timestamp } = given
  // An exemplar that prom-client rejected has no time. An exemplar in the overflow series would not belong to its
  // numbers.
  if (series.place === undefined || typeof timestamp !== 'number') return
  series.exemplars ??= []
  series.exemplars[bucket] ??= { seenAt: 0, stored: undefined }
  const note = series.exemplars[bucket]
  // Not greater: it is not a number, or was seen before.
  if (!(timestamp > note.seenAt)) return
  note.seenAt = timestamp
  if (isEmpty(given.labelSet)) return
  const exemplar = read(given)
  if (exemplar !== undefined) store.keepExemplars().put(note, { family, series: series.values, exemplar })
  else store.reportError('prom_client', `an exemplar of \`${family}\` is left out: ${ALLOWED}`)
}

const ALLOWED =
  'OpenMetrics takes at most 128 characters of label names and values together, names of letters, digits and ' +
  'underscores, and a finite value.'

function isEmpty(labelSet: unknown): boolean {
  return typeof labelSet === 'object' && labelSet !== null && Object.keys(labelSet).length === 0
}

function read({ labelSet, value, timestamp }: PromExemplar): Exemplar | undefined {
  if (typeof labelSet !== 'object' || labelSet === null) return undefined
  try {
    const labels = Object.entries(labelSet).map(([name, text]): ExemplarLabel => [name, wellFormed(String(text))])
    return exemplarOf(labels, value, timestamp)
  } catch {
    // A value that cannot be converted to a string.
    return undefined
  }
}
