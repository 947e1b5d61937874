import { isMainThread, threadId } from 'node:worker_threads'
import { isFunction } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'
import { threadChannel } from '../cluster/channel.ts'
import type { Spawner } from '../cluster/child.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ResolvedClusterOptions } from '../cluster/options.ts'
import { Primary } from '../cluster/primary/primary.ts'
import { type ThreadStart, threadSpawner, threadStart } from '../cluster/thread/child-thread.ts'
import { patchListen } from '../cluster/thread/patch-listen.ts'
import { runWorker } from '../cluster/worker/worker.ts'
import { processSampler } from '../runtime/runtime.ts'
import { type ProgramPrimaryOptions, programPrimary } from './program-primary.ts'
import { resolveThreadsOptions, type ThreadsOptions } from './thread-options.ts'

/**
 * Runs `entry` in several threads of this process, keeps them running, and serves the metrics of all of them on one
 * port. Call it once, before anything else: in the main thread it returns the cluster. In a thread that it has started,
 * which runs the same program, it runs `entry` and returns undefined.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_PRIMARY_EXISTS,
 * ERR_PROMHERD_THREADS if this is a thread that promherd has not started, or there is no program to run
 */
export function startThreads(options: ThreadsOptions, entry: () => unknown): Cluster | undefined {
  return start(options, entry, (resolved, spawner) => new Primary(resolved, spawner, processSampler))
}

/**
 * The same for an entry that loads a program which does not use promherd itself.
 * @throws what `startThreads` throws
 */
export function startProgramThreads(
  options: ThreadsOptions,
  entry: () => unknown,
  life: ProgramPrimaryOptions,
): Cluster | undefined {
  return start(options, entry, (resolved, spawner) => programPrimary(resolved, spawner, life, processSampler))
}

type MakePrimary = (options: ResolvedClusterOptions, spawner: (directory: string) => Spawner) => Primary

function start(options: ThreadsOptions, entry: () => unknown, primaryOf: MakePrimary): Cluster | undefined {
  const given = threadStart()
  if (given !== undefined) {
    runThread(given, options, entry)
    return undefined
  }
  isFunction("Give a function that starts the application, such as () => import('./app.js').")('entry', entry)
  const program = programOfThisProcess()
  const spawner = (directory: string) => threadSpawner(directory, program, options.resourceLimits)
  return primaryOf(resolveThreadsOptions(options), spawner)
}

function runThread({ port, sharing }: ThreadStart, options: ThreadsOptions, entry: () => unknown): void {
  const channel = threadChannel(port)
  process.once('exit', () => channel.send({ promherd: 'thread_exits' }))
  patchListen(sharing, channel)
  runWorker(options, channel, entry)
}

function programOfThisProcess(): string {
  if (!isMainThread) {
    const remedy = 'Call it there, once.'
    throw promherdError(
      'ERR_PROMHERD_THREADS',
      '`startThreads` in the main thread',
      `this is thread ${threadId}`,
      remedy,
    )
  }
  const [, program] = process.argv
  if (program !== undefined) return program
  const remedy = 'Put the call into a file, and run that.'
  throw promherdError('ERR_PROMHERD_THREADS', 'a program file that each thread can run', 'there is none', remedy)
}
