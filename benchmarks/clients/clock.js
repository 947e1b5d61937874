/** The two readings of the clock that every side needs for a duration. */
export function open() {
  let sum = 0
  return {
    record: () => {
      const startedAt = performance.now()
      sum += performance.now() - startedAt
    },
    text: async () => `clock ${sum}`,
    close: async () => {},
  }
}
