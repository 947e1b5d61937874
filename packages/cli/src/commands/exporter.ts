import { type HerdServer, serveHerd } from '@promherd/core'
import type { PromherdConfig } from '@promherd/core/config'
import { Failure, Mistyped } from '../common/failure.ts'
import { log } from '../common/log.ts'
import { settingsOf, type Typed } from '../common/settings.ts'
import { loadOtlp, type TypedOtlp } from '../sinks/otlp.ts'
import { loadRedis, redisOptions, wantsRedis } from '../sinks/redis.ts'

export interface ExporterOptions extends Typed, TypedOtlp {
  readonly aggregate?: string
}

/** `promherd exporter`: serves the metrics of a directory, or of a group in Redis, until a signal ends it. */
export async function exporter(typed: ExporterOptions): Promise<void> {
  const { config } = await settingsOf(typed)
  const { server, served } = await serve(config, typed)
  // Another process may use the port for now: the timers that wait for it would let this process exit.
  const alive = setInterval(() => {}, 60_000)
  const end = async (): Promise<void> => {
    clearInterval(alive)
    await server.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
  const { url } = await server.listening
  log(`the exporter serves ${served}, metrics at ${url}/metrics`)
}

interface Serving {
  readonly server: HerdServer
  /** The herd or group that is served, as a phrase. */
  readonly served: string
}

async function serve(config: PromherdConfig, typed: ExporterOptions): Promise<Serving> {
  const { port, host, allowedHosts, directory, sharedDirectory } = config.metrics || {}
  const { onWarning } = config
  if (typed.redis !== undefined || (directory === undefined && wantsRedis(config))) {
    const { serveGroup } = await loadRedis()
    const server = serveGroup({ ...redisOptions(config), port, host, allowedHosts, aggregate: aggregateOf(typed) })
    return { server, served: `the group ${config.redis?.group ?? 'default'}` }
  }
  if (directory === undefined) {
    const remedy =
      'Give --directory, or set PROMETHEUS_MULTIPROC_DIR to the same directory for the workers and the exporter.'
    throw new Failure(`Expected a directory that the workers share, but none is given. ${remedy}`)
  }
  const forward = await loadOtlp(typed, onWarning)
  forward()
  const server = serveHerd({ port, host, allowedHosts, directory, sharedDirectory, onWarning })
  return { server, served: `the herd of ${directory}` }
}

function aggregateOf({ aggregate }: ExporterOptions): 'instance' | 'sum' | undefined {
  if (aggregate === undefined || aggregate === 'instance' || aggregate === 'sum') return aggregate
  throw new Mistyped(`Expected --aggregate to be instance or sum, but got ${aggregate}.`)
}
