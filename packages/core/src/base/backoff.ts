/** The delay before a failed operation is retried. */
interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
}

/** The maximum delay before attempt number `attempt`, from 0: doubled each time, up to `mostMs`. */
export function backoffMs(attempt: number, { firstMs, mostMs }: Backoff): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30))
}

/** A random delay up to the maximum, so that clients that failed together do not retry together. */
export function jitteredMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  return random() * backoffMs(attempt, backoff)
}
