import cluster from 'node:cluster'
import { isFunction } from '../options.ts'
import type { Cluster } from './cluster.ts'
import { processLine } from './line.ts'
import { type ClusterOptions, resolveClusterOptions } from './options.ts'
import { Primary } from './primary.ts'
import { processSpawner } from './spawned-process.ts'
import { runWorker } from './worker.ts'

export type { Cluster, ClusterHooks, WorkerExit, WorkerStart, WorkerStatus } from './cluster.ts'
export type { ClusterMetricsOptions, ClusterOptions } from './options.ts'
export { type Program, programFile, startProgram } from './program.ts'
export type { ThreadsOptions } from './thread-options.ts'
export { startProgramThreads, startThreads } from './threads.ts'

/**
 * Runs `entry` in several worker processes, keeps them running, and serves the metrics of all of them on one port. Call
 * it once, before anything else: in the primary it returns the cluster, in a worker it runs `entry` and returns
 * undefined.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_KEEPER
 */
export function startCluster(options: ClusterOptions, entry: () => unknown): Cluster | undefined {
  if (cluster.isWorker) {
    runWorker(options, processLine, entry)
    return undefined
  }
  isFunction("Give a function that starts the application, such as () => import('./app.js').")('entry', entry)
  return new Primary(resolveClusterOptions(options), processSpawner)
}
