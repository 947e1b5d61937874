/** How long to wait before what failed is tried again. */
export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
}

/** The longest wait before attempt number `attempt`, from 0: doubled each time, up to the most. */
export function backoffMs(attempt: number, { firstMs, mostMs }: Backoff): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30))
}

/** A wait anywhere below the longest: those who failed together do not try again together. */
export function jitteredMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  return random() * backoffMs(attempt, backoff)
}
