/**
 * A quantile from the cumulative counts of a histogram by upper bound, computed like Prometheus' histogram_quantile:
 * observations are assumed to be distributed evenly within a bucket, the first bucket begins at 0, and for values above
 * all finite bounds the result is the greatest bound. Undefined if there are no observations.
 */
export function quantile(
  q: number,
  cumulative: readonly (readonly [bound: number, count: number])[],
): number | undefined {
  const buckets = cumulative.toSorted(([a], [b]) => a - b)
  const total = buckets.at(-1)?.[1] ?? 0
  if (total <= 0) return undefined
  const rank = q * total
  const i = buckets.findIndex(([, count]) => count >= rank)
  const [bound, count] = buckets[i]!
  const [lower, below] = buckets[i - 1] ?? [0, 0]
  if (bound === Number.POSITIVE_INFINITY) return i === 0 ? undefined : lower
  return count === below ? bound : lower + (bound - lower) * ((rank - below) / (count - below))
}
