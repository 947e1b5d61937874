import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** What is waited for, as the object of "Expected ...". */
  readonly what: string
  /** @default 30_000 */
  readonly deadlineMs?: number
  /** How long to wait between two looks. @default 20 */
  readonly everyMs?: number
}

/**
 * Looks until `condition` answers something other than undefined and false, and answers it. A look that throws counts
 * as a no; its reason is told if there is no yes before the deadline.
 */
export async function until<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  { what, deadlineMs = 30_000, everyMs = 20 }: UntilOptions,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  let cause: unknown
  for (;;) {
    try {
      const answer = await condition()
      if (answer !== undefined && answer !== false) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (Date.now() > deadline) throw new Error(`Expected ${what} within ${deadlineMs} ms.`, { cause })
    await delay(everyMs)
  }
}
