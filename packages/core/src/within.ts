/** Waits for `work`, and not longer than so many milliseconds. Rejects where the work does so within them. */
export async function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, deadlineMs)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    // It would hold up the end of the process.
    clearTimeout(timer)
  }
}
