/** Waits for `work`, but at most `deadlineMs` milliseconds. Rejects if the work rejects within that time. */
export async function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, deadlineMs)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    // An active timer would delay the exit of the process.
    clearTimeout(timer)
  }
}
