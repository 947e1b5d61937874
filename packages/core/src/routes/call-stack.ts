/** The files of the functions on the call stack, from the innermost outwards. */
export function callStackFiles(): string[] {
  const previous = (['stackTraceLimit', 'prepareStackTrace'] as const).map(
    name => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  )
  const holder: { stack?: string } = {}
  try {
    for (const [name, value] of Object.entries({ stackTraceLimit: MAX_FRAMES, prepareStackTrace: undefined })) {
      Reflect.defineProperty(Error, name, { value, writable: true, enumerable: true, configurable: true })
    }
    Error.captureStackTrace(holder)
    // V8 formats the stack only when it is read.
    const files = [...(holder.stack ?? '').matchAll(/(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/]).*?):\d+:\d+/g)]
    return files.map(([, file]) => decodeURI(file!))
  } finally {
    for (const [name, descriptor] of previous) {
      if (descriptor === undefined) Reflect.deleteProperty(Error, name)
      else Reflect.defineProperty(Error, name, descriptor)
    }
  }
}

const MAX_FRAMES = 50
