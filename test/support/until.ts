import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** What is waited for, as the object of "Expected ...". */
  readonly what: string
  /** @default 30_000 */
  readonly deadlineMs?: number
  /** How long to wait between two looks. @default 10 at first, then ever longer, to 100 */
  readonly everyMs?: number
}

/**
 * The pause after a number of looks, in milliseconds. It grows, since each look takes time from the processes that are
 * waited for: a condition that holds soon is seen soon, and one that takes seconds is seen at most 100 ms later.
 */
export function pauseAfter(look: number): number {
  return Math.min(10 * 1.3 ** look, 100)
}

/**
 * Looks until `condition` answers something other than undefined and false, and answers it. A look that throws counts
 * as a no; its reason is reported if there is no yes before the deadline.
 */
export async function until<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  { what, deadlineMs = 30_000, everyMs }: UntilOptions,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  let cause: unknown
  for (let look = 0; ; look++) {
    try {
      const answer = await condition()
      if (answer !== undefined && answer !== false) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (Date.now() > deadline) throw new Error(`Expected ${what} within ${deadlineMs} ms.`, { cause })
    await delay(everyMs ?? pauseAfter(look))
  }
}
