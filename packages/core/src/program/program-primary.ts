import { Warner } from '../base/warner.ts'
import type { WorkerExit } from '../cluster/cluster.ts'
import { isOurs, type ToPrimary } from '../cluster/messages.ts'
import type { ResolvedClusterOptions } from '../cluster/options.ts'
import { Primary } from '../cluster/primary/primary.ts'
import { STARTED_MS } from '../cluster/restarts.ts'
import { exitCodeOfSignal } from '../cluster/signals.ts'
import type { Spawn, Spawner } from '../cluster/spawned.ts'
import type { processSampler } from '../runtime/runtime.ts'

/** Options for workers that run a program, in addition to those of all workers. */
export interface ProgramLife {
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
  { shouldRestart }: ProgramLife,
  figures?: typeof processSampler,
): Primary {
  const led = { ...options, leadMs: LEAD_MS, settleMs: SETTLE_MS }
  if (shouldRestart) return new Primary(led, spawner, figures)
  const first = new FirstLife()
  const primary: Primary = new Primary(
    first.watched(led, exit => void endWith(exit, first, primary, options)),
    directory => {
      const { spawn, stopAccepting } = spawner(directory)
      return { spawn: first.listening(spawn), stopAccepting }
    },
    figures,
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
 * The time until the program serves: until any worker has received a request, or has listened for as long as a program
 * needs to count as started. A program may listen on one port and fail before it listens on the next.
 */
class FirstLife {
  #hasServed = false
  #listensSince: number | undefined
  /** The error that the program threw instead of running, unless it was reported elsewhere. */
  failure: string | undefined

  get hasListened(): boolean {
    return this.#listensSince !== undefined
  }

  /** Calls `end` for the first worker that exits in this time. */
  watched(options: ResolvedClusterOptions, end: (exit: WorkerExit) => void): ResolvedClusterOptions {
    const onWorkerExit = (exit: WorkerExit): unknown => {
      if (exit.reason !== 'close' && this.#isEndOfProgram(exit)) end(exit)
      return options.hooks.onWorkerExit?.(exit)
    }
    return { ...options, hooks: { ...options.hooks, onWorkerExit } }
  }

  listening(spawn: Spawn): Spawn {
    return slot => {
      const spawned = spawn(slot)
      const { pid, thread, name, exited } = spawned
      return {
        pid,
        name,
        exited,
        ...(thread && { thread }),
        listen: hear =>
          spawned.listen(message => {
            this.#hear(message)
            hear(message)
          }),
        withhold: () => spawned.withhold(),
        send: message => spawned.send(message),
        abort: () => spawned.abort(),
        kill: () => spawned.kill(),
      }
    }
  }

  /** Once it listens, a worker may also be ended by another process: the program alone would not have exited then. */
  #isEndOfProgram({ signal, reason }: WorkerExit): boolean {
    if (this.#hasServed) return false
    if (this.#listensSince === undefined) return true
    const isOwn = signal === null && (reason === 'crash' || reason === 'exit')
    return isOwn && performance.now() - this.#listensSince < STARTED_MS
  }

  #hear(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'listening') this.#listensSince ??= performance.now()
    if (message.promherd === 'served') this.#hasServed = true
    if (message.promherd === 'failed') this.failure = message.error
  }
}

async function endWith(
  { code, signal }: WorkerExit,
  { failure, hasListened }: FirstLife,
  primary: Primary,
  { onWarning }: ResolvedClusterOptions,
): Promise<void> {
  const exitCode = code ?? exitCodeOfSignal(signal)
  const warner = new Warner(onWarning)
  if (failure !== undefined) warner.log(`the program could not be loaded: ${failure}`)
  if (exitCode !== 0)
    warner.log(
      `the program ended before it ${hasListened ? 'served a request' : 'listened'} (${signal ?? `exit code ${code}`}).`,
    )
  await primary.close()
  process.exit(exitCode)
}
