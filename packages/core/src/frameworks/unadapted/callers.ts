/** The files whose functions are being called now, from the innermost outwards. */
export function callers(): string[] {
  const { stackTraceLimit, prepareStackTrace } = Error
  const holder: { stack?: string } = {}
  Error.stackTraceLimit = DEEPEST
  Object.assign(Error, { prepareStackTrace: undefined })
  try {
    Error.captureStackTrace(holder)
    const files = [...(holder.stack ?? '').matchAll(/(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/]).*?):\d+:\d+/g)]
    return files.map(([, file]) => decodeURI(file!))
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace })
  }
}

const DEEPEST = 50
