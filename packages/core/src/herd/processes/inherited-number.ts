import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/**
 * The number of the worker that a thread works for. A process, or a thread that is a worker, passes its number on to
 * the threads that it starts later: each has its own store, and none is a separate worker.
 */
export function inheritedNumber(directory: string): number | undefined {
  const number = getEnvironmentData(keyOf(directory))
  return typeof number === 'number' ? number : undefined
}

/** Passes the number on to the threads that this one starts from now on. */
export function inheritNumber(directory: string, worker: number): void {
  setEnvironmentData(keyOf(directory), worker)
}

function keyOf(directory: string): string {
  return `promherd.worker ${directory}`
}
