import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Cluster, programFile, startProgram, startProgramThreads } from '@promherd/core/cluster'
import type { PromherdConfig } from '@promherd/core/config'
import { Mistyped } from '../common/failure.ts'
import { log } from '../common/log.ts'
import { settingsOf, type Typed } from '../common/settings.ts'
import { loadOtlp, type TypedOtlp } from '../sinks/otlp.ts'
import { loadRedis, redisOptions, wantsRedis } from '../sinks/redis.ts'
import { reloadOnChange } from './watch.ts'
import { endWithWrapper } from './wrapper.ts'

export interface StartOptions extends Typed, TypedOtlp {
  readonly watch?: boolean
}

/** `promherd start`: runs the program in workers, until a signal ends it. */
export async function start(app: string, args: readonly string[], options: StartOptions): Promise<void> {
  if (options.workers !== undefined && options.threads !== undefined) {
    throw new Mistyped('Expected --workers or --threads, but both are given. Remove one of them.')
  }
  const { config, file } = await settingsOf(options)
  // Settings that workers read themselves are in the same file.
  if (options.config !== undefined && file !== undefined) process.env['PROMHERD_CONFIG'] = file
  if (options.routes !== undefined) process.env['PROMHERD_ROUTES'] = options.routes
  const forward = await loadOtlp(options, config.onWarning)
  const threads = options.workers === undefined ? config.threads : undefined
  const redis = wantsRedis(config) ? await loadRedis() : undefined
  forward()
  const cluster =
    threads === undefined
      ? startProgram(clusterOptions(config), { file: app, args, shouldRestart: options.watch })
      : startInThreads({ ...config, threads }, app, args, options.watch)
  if (cluster === undefined) return
  const { instance, interval, ttl } = config.redis ?? {}
  redis?.forward({ ...redisOptions(config), instance, interval, ttl })
  endWithWrapper()
  if (needsLoader(app)) adviseOnLoaders(cluster, app)
  void cluster.ready.then(() => logStart(cluster, app, threads === undefined ? 'worker' : 'thread'))
  if (options.watch) await reloadOnChange(cluster, process.cwd())
}

function clusterOptions({
  workers,
  threads: _t,
  http: _h,
  redis: _r,
  storage: _s,
  promClient: _p,
  ...options
}: PromherdConfig) {
  return { ...options, workers: workers === 'max' ? availableParallelism() : workers }
}

/** Each thread runs this command again, and reaches this function. */
function startInThreads(
  config: PromherdConfig,
  app: string,
  args: readonly string[],
  shouldRestart = false,
): Cluster | undefined {
  const { workers: _, ...options } = clusterOptions(config)
  const file = programFile(app)
  const entry = async (): Promise<void> => {
    process.argv = [process.execPath, file, ...args]
    // Processes get this as a preload; a thread has no such option.
    await import('@promherd/core/auto')
    await import(pathToFileURL(file).href)
  }
  return startProgramThreads({ ...options, threads: config.threads }, entry, { shouldRestart })
}

/** Whether a program is written in TypeScript, and this version of Node cannot run that by itself. */
function needsLoader(app: string): boolean {
  const { typescript } = process.features as { readonly typescript?: string | false }
  return /\.[cm]?tsx?$/.test(app) && !typescript
}

/** Prints advice if such a program has never listened. Its error has already been printed. */
function adviseOnLoaders(cluster: Cluster, app: string): void {
  const advise = (code: number): void => {
    if (code === 0) return
    const command = `NODE_OPTIONS='--import tsx' promherd start ${app}`
    log(`Node ${process.version} needs a loader to run TypeScript. Run \`npm install tsx\`, then \`${command}\`.`)
  }
  process.once('exit', advise)
  void cluster.ready.then(() => process.off('exit', advise))
}

async function logStart(cluster: Cluster, app: string, kind: string): Promise<void> {
  const { length } = cluster.workers
  const program = `${length} ${kind}${length === 1 ? '' : 's'} of ${relative(process.cwd(), resolve(app))}`
  if (cluster.metrics === undefined)
    return log(`${program} listen. No metrics are served, because the configuration disables them.`)
  const { url } = await cluster.metrics.listening
  log(`${program} listen, metrics at ${url}/metrics`)
}
