import type { InternalErrorCause } from './metrics.ts'

/** Calls `warn` once for each cause. What it throws itself is dropped: it would be thrown into a request. */
export function onceEach(warn: (message: string) => void): (cause: InternalErrorCause, message: string) => void {
  const told = new Set<string>()
  return (cause, message) => {
    if (told.has(cause)) return
    told.add(cause)
    try {
      warn(message)
    } catch {
      // A listener that fails has nothing to be told.
    }
  }
}
