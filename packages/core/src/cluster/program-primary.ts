import type { processSampler } from '../runtime/runtime.ts'
import { Warner } from '../server/warner.ts'
import type { WorkerExit } from './cluster.ts'
import { isOurs, type ToPrimary } from './messages.ts'
import type { ResolvedClusterOptions } from './options.ts'
import { Primary } from './primary.ts'
import { exitCodeOfSignal } from './signals.ts'
import type { Spawn, Spawner } from './spawned.ts'

/** How the workers of a program are run, beside all that any workers are. */
export interface ProgramLife {
  /** Whether it is started again where it ends before it has ever listened. Else this process ends as it did. */
  readonly isRestarted: boolean
}

/** The primary of workers that run a program: processes or threads. */
export function programPrimary(
  options: ResolvedClusterOptions,
  spawner: (directory: string) => Spawner,
  { isRestarted }: ProgramLife,
  figures?: typeof processSampler,
): Primary {
  const led = { ...options, leadMs: LEAD_MS }
  if (isRestarted) return new Primary(led, spawner, figures)
  const first = new FirstLife()
  const primary: Primary = new Primary(
    first.watched(led, exit => void endWith(exit, first.failure, primary, options)),
    directory => {
      const { spawn, stopAccepting } = spawner(directory)
      return { spawn: first.listening(spawn), stopAccepting }
    },
    figures,
  )
  return primary
}

/**
 * How long the first worker is ahead: a program that cannot be loaded says so once then, and not once for each worker.
 * One that takes longer to load is not waited for.
 */
const LEAD_MS = 2000

/** The time until any worker has listened. */
class FirstLife {
  #isOver = false
  /** What the program has thrown instead of running, where nobody else has told of it. */
  failure: string | undefined

  /** Calls `end` for the first worker that ends in this time. */
  watched(options: ResolvedClusterOptions, end: (exit: WorkerExit) => void): ResolvedClusterOptions {
    const onWorkerExit = (exit: WorkerExit): unknown => {
      if (!this.#isOver && exit.reason !== 'close') end(exit)
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

  #hear(message: unknown): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'listening') this.#isOver = true
    if (message.promherd === 'failed') this.failure = message.error
  }
}

async function endWith(
  { code, signal }: WorkerExit,
  failure: string | undefined,
  primary: Primary,
  { onWarning }: ResolvedClusterOptions,
): Promise<void> {
  const exitCode = code ?? exitCodeOfSignal(signal)
  const warner = new Warner(onWarning)
  if (failure !== undefined) warner.say(`the program could not be loaded: ${failure}`)
  if (exitCode !== 0) warner.say(`the program ended before it listened (${signal ?? `exit code ${code}`}).`)
  await primary.close()
  process.exit(exitCode)
}
