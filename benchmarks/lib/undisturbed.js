/**
 * The result of the slices of a measurement: the 10th percentile. Other work of a machine lasts longer than a slice,
 * for seconds, and can double its time, but never shortens it. The very fastest slices are those without their share of
 * garbage collections.
 */
const QUANTILE = 0.1

/** How many slices a measurement has: some milliseconds each. */
export const SLICES = 40

/** @param {readonly number[]} slices what a call took in each */
export function undisturbed(slices) {
  return slices.toSorted((a, b) => a - b)[Math.floor(slices.length * QUANTILE)]
}

/**
 * Nanoseconds of CPU that one of `times` calls takes.
 *
 * @param {number} times
 * @param {(times: number) => void} repeat
 */
export function cpuNsOf(times, repeat) {
  const calls = Math.ceil(times / SLICES)
  const slices = []
  for (let i = 0; i < SLICES; i++) {
    const before = process.cpuUsage()
    repeat(calls)
    const { user, system } = process.cpuUsage(before)
    slices.push(((user + system) * 1000) / calls)
  }
  return undisturbed(slices)
}
