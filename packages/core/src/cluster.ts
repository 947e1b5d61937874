import cluster from 'node:cluster'
import { isFunction } from './base/check-options.ts'
import { processChannel } from './cluster/channel.ts'
import type { Cluster } from './cluster/cluster.ts'
import { type ClusterOptions, resolveClusterOptions } from './cluster/options.ts'
import { Primary } from './cluster/primary/primary.ts'
import { processSpawner } from './cluster/process/child-process.ts'
import { runWorker } from './cluster/worker/worker.ts'

export type { Cluster, ClusterHooks, WorkerExit, WorkerStart, WorkerStatus } from './cluster/cluster.ts'
export type { ClusterMetricsOptions, ClusterOptions } from './cluster/options.ts'
export { type Program, programFile, startProgram } from './program/program.ts'
export type { ThreadsOptions } from './program/thread-options.ts'
export { startProgramThreads, startThreads } from './program/threads.ts'

/**
 * Runs `entry` in several worker processes, keeps them running, and serves the metrics of all of them on one port. Call
 * it once, before anything else: in the primary it returns the cluster, in a worker it runs `entry` and returns
 * undefined.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_PRIMARY_EXISTS
 */
export function startCluster(options: ClusterOptions, entry: () => unknown): Cluster | undefined {
  if (cluster.isWorker) {
    runWorker(options, processChannel, entry)
    return undefined
  }
  isFunction("Give a function that starts the application, such as () => import('./app.js').")('entry', entry)
  return new Primary(resolveClusterOptions(options), processSpawner)
}
