/** Only the loop, which each figure includes. */
export function open() {
  let sum = 0
  return {
    record: ({ seconds }) => {
      sum += seconds
    },
    text: async () => `loop ${sum}`,
    close: async () => {},
  }
}
