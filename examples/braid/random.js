/** A random generator that a seed determines: xorshift32 (Marsaglia, 2003). Returns numbers from 0 to below 1. */
export function randomFrom(seed) {
  // The generator never leaves 0, so that seed is replaced.
  let state = seed >>> 0 || 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
