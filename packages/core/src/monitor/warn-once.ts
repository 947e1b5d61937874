import type { InternalErrorCause } from '../definitions/metrics.ts'

/** Calls `warn` once for each cause. Its own errors are dropped: they would be thrown into a request. */
export function onceEach(warn: (message: string) => void): (cause: InternalErrorCause, message: string) => void {
  const told = new Set<string>()
  return (cause, message) => {
    if (told.has(cause)) return
    told.add(cause)
    try {
      warn(message)
    } catch {
      // An error of the listener cannot be reported to it.
    }
  }
}
