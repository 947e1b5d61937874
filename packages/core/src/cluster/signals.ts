import type { SignalName } from '../metrics.ts'
import { SIGNAL_NAMES } from '../metrics.ts'

/** Calls `act` for each signal that the primary is sent, by its name without SIG. Answers how to stop that. */
export function onSignals(act: (name: SignalName) => void): () => void {
  const listeners = SIGNAL_NAMES.map(name => ({ signal: `SIG${name}` as const, listener: () => act(name) }))
  for (const { signal, listener } of listeners) {
    try {
      process.on(signal, listener)
    } catch {
      // The platform has no such signal, so nobody can send it.
    }
  }
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener)
  }
}

/** The exit code that says which signal ended a process, as shells say it. */
export function exitCodeOf(name: SignalName): number {
  return 128 + { INT: 2, QUIT: 3, TERM: 15 }[name]
}
