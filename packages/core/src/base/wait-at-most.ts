/** Waits for `work`, but at most `deadlineMs` milliseconds: resolves then, too. Rejects if the work rejects before. */
export async function waitAtMost(deadlineMs: number, work: Promise<unknown>): Promise<void> {
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
