import { serveHerd } from '@promherd/core'
import { Failure } from './failure.ts'
import { loadOtlp, type TypedOtlp } from './otlp.ts'
import { say, settingsOf, type Typed } from './settings.ts'

/** `promherd exporter`: the metrics of a directory, until a signal ends it. */
export async function exporter(typed: Typed & TypedOtlp): Promise<void> {
  const { config } = await settingsOf(typed)
  const { port, host, allowedHosts, directory, sharedDirectory } = config.metrics || {}
  if (directory === undefined) {
    const remedy = 'Give --directory, or set PROMETHEUS_MULTIPROC_DIR, the same for the workers and for this.'
    throw new Failure(`Expected the directory that the workers share, but none is given. ${remedy}`)
  }
  const { onWarning } = config
  const forward = await loadOtlp(typed, onWarning)
  forward()
  const server = serveHerd({ port, host, allowedHosts, directory, sharedDirectory, onWarning })
  // The port may be another's for now: the timers that wait for it would let the process end.
  const alive = setInterval(() => {}, 60_000)
  const end = async (): Promise<void> => {
    clearInterval(alive)
    await server.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
  const { url } = await server.listening
  say(`the herd of ${directory}, metrics at ${url}/metrics`)
}
