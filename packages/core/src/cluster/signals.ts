import { constants } from 'node:os'
import type { SignalName } from '../definitions/label-values.ts'

/**
 * Calls `act` for each signal of `names` that the primary receives, by its name without SIG. Returns a function that
 * stops it.
 */
export function onSignals(names: readonly SignalName[], act: (name: SignalName) => void): () => void {
  const listeners = names.map(name => ({ signal: `SIG${name}` as const, listener: () => act(name) }))
  for (const { signal, listener } of listeners) {
    try {
      process.on(signal, listener)
    } catch {
      // The platform has no such signal, so it cannot be sent.
    }
  }
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener)
  }
}

/** The exit code for a process that a signal ended, as shells report it. */
export function exitCodeOf(name: keyof typeof ENDING): number {
  return 128 + ENDING[name]
}

/** The same for any signal, by its whole name. */
export function exitCodeOfSignal(signal: string | null): number {
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0)
}

/** Whether a signal ends the cluster. */
export function isEnding(name: SignalName): name is keyof typeof ENDING {
  return name in ENDING
}

/** The signals that end the cluster, with their numbers. */
const ENDING = { INT: 2, QUIT: 3, TERM: 15 } as const
