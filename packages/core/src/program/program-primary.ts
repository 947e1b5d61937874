import { Warner } from '../base/warner.ts'
import type { Spawn, Spawner } from '../cluster/child.ts'
import type { WorkerExit } from '../cluster/cluster.ts'
import { isOurs, type ToPrimary } from '../cluster/messages.ts'
import type { ResolvedClusterOptions } from '../cluster/options.ts'
import { Primary } from '../cluster/primary/primary.ts'
import { describeExit, STARTED_MS } from '../cluster/restarts.ts'
import { exitCodeOfSignal } from '../cluster/signals.ts'
import type { processSampler } from '../runtime/runtime.ts'

/** Options for workers that run a program, in addition to those of all workers. */
export interface ProgramPrimaryOptions {
  /**
   * Whether the program is started again if it exits before it has ever listened. If not, this process exits in the
   * same way.
   */
  readonly shouldRestart: boolean
}

/** The primary of workers that run a program: processes or threads. */
export function programPrimary(
  options: ResolvedClusterOptions,
  spawner: (directory: string) => Spawner,
  { shouldRestart }: ProgramPrimaryOptions,
  sampler?: typeof processSampler,
): Primary {
  const leading = { ...options, leadMs: LEAD_MS, settleMs: SETTLE_MS }
  if (shouldRestart) return new Primary(leading, spawner, sampler)
  const first = new ProgramStart()
  const primary: Primary = new Primary(
    first.watchedOptions(leading, exit => void endWith(exit, first, primary, options)),
    directory => {
      const { spawn, stopAccepting } = spawner(directory)
      return { spawn: first.watchedSpawn(spawn), stopAccepting }
    },
    sampler,
  )
  return primary
}

/**
 * How long the first worker starts alone: if a program cannot be loaded, the error is then reported once, and not once
 * for each worker. A program that takes longer to load is not waited for.
 */
const LEAD_MS = 2000
/** After it listens, the first worker has this time to fail, for the same reason. */
const SETTLE_MS = 300

/**
 * The start of a program, until it serves: until any worker has received a request, or has listened for as long as a program
 * needs to count as started. A program may listen on one port and fail before it listens on the next.
 */
class ProgramStart {
  #hasServed = false
  #listensSince: number | undefined
  /** The error that the program threw instead of running, unless it was reported elsewhere. */
  failure: string | undefined

  get hasListened(): boolean {
    return this.#listensSince !== undefined
  }

  /** Returns options with which `end` is called for a worker that exits before the program serves. */
  watchedOptions(options: ResolvedClusterOptions, end: (exit: WorkerExit) => void): ResolvedClusterOptions {
    const onWorkerExit = (exit: WorkerExit): unknown => {
      if (exit.reason !== 'close' && this.#endsProgram(exit)) end(exit)
      return options.hooks.onWorkerExit?.(exit)
    }
    return { ...options, hooks: { ...options.hooks, onWorkerExit } }
  }

  /** Returns a `spawn` whose messages are received here, too. */
  watchedSpawn(spawn: Spawn): Spawn {
    return worker => {
      const child = spawn(worker)
      const { pid, thread, name, exited } = child
      return {
        pid,
        name,
        exited,
        ...(thread && { thread }),
        listen: onMessage =>
          child.listen(message => {
            this.#received(message)
            onMessage(message)
          }),
        stopConnections: () => child.stopConnections(),
        send: message => child.send(message),
        abort: () => child.abort(),
        kill: () => child.kill(),
      }
    }
  }

  /** Once it listens, a worker may also be ended by another process: the program alone would not have exited then. */
  #endsProgram({ signal, reason }: WorkerExit): boolean {
    if (this.#hasServed) return false
    if (this.#listensSince === undefined) return true
    const isOwn = signal === null && (reason === 'crash' || reason === 'exit')
    return isOwn && performance.now() - this.#listensSince < STARTED_MS
  }

  #received(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'listening') this.#listensSince ??= performance.now()
    if (message.promherd === 'served') this.#hasServed = true
    if (message.promherd === 'failed') this.failure = message.error
  }
}

async function endWith(
  { code, signal }: WorkerExit,
  { failure, hasListened }: ProgramStart,
  primary: Primary,
  { onWarning }: ResolvedClusterOptions,
): Promise<void> {
  const exitCode = code ?? exitCodeOfSignal(signal)
  const warner = new Warner(onWarning)
  if (failure !== undefined) warner.log(`the program could not be loaded: ${failure}`)
  if (exitCode !== 0)
    warner.log(
      `the program ${describeExit({ code, signal })} before it ${hasListened ? 'served a request' : 'listened'}.`,
    )
  await primary.close()
  process.exit(exitCode)
}
