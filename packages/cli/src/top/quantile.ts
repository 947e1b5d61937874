/**
 * A quantile from the cumulative counts of a histogram by upper bound, as Prometheus' histogram_quantile finds it:
 * within a bucket the observations are taken to lie evenly, the first bucket begins at 0, and what lies above all
 * finite bounds is the greatest of them. Undefined where nothing was observed.
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
