import { join } from 'node:path'
import { ROOT } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { alone, herded, listening, run, type Starter } from './program.ts'
import type { Visitor } from './visits.ts'

/** A program that runs until it exits: under `node`, under `node` with the preload, and under `promherd start`. */
export interface LivingProgram {
  /** What it is, as a row of `docs/programs.md`. */
  readonly name: string
  /** Its file in `apps/`. */
  readonly file: string
  /** The requests of its clients; undefined if the program exits by itself. */
  readonly visit?: Visitor
  /** The number of ports that it listens on. @default 1 */
  readonly ports?: number
  /** The signal that stops it. @default SIGTERM, if there is a visit */
  readonly signal?: 'SIGTERM' | 'SIGINT'
  /** The differences, by the name of the way. */
  readonly differs?: Readonly<Partial<Record<WayName, Difference>>>
}

/** A difference and its reason. */
export interface Difference {
  readonly reason: string
  /** Removes the differing part. The rest is compared. */
  readonly leftOut: (life: Life) => Life
}

export type WayName = 'preload' | 'promherd start'

/** The ways to start a program with promherd. Options of Node come first. */
export const WAYS: Readonly<Record<WayName, (metricsPort: number) => Starter>> = {
  preload: () => program => ['--import', '@promherd/core/auto', ...alone(program)],
  'promherd start': metricsPort => herded(metricsPort),
}

/** The observable behaviour of a program. */
export interface Life {
  /** The bytes that its clients received before the signal. */
  readonly answers: readonly string[]
  /** The bytes that clients received on open connections until they were closed. */
  readonly ends: readonly string[]
  readonly stdout: string
  readonly stderr: string
  readonly exit: { readonly code: number | null; readonly signal: string | null }
}

export interface TimedLife {
  readonly life: Life
  /** From the signal to the exit, in milliseconds. */
  readonly endedAfterMs: number
}

const APPS = join(ROOT, 'test/programs/apps')

export async function lifeOf(program: LivingProgram, start: (metricsPort: number) => Starter): Promise<TimedLife> {
  const { visit, signal = 'SIGTERM' } = program
  const ports: number[] = []
  while (ports.length < (program.ports ?? 1)) ports.push(await freePort())
  const metricsPort = await freePort()
  const env = {
    PORT: String(ports[0]),
    OTHER_PORT: String(ports[1]),
    PORTS: String(ports),
    PROMETHEUS_METRICS_PORT: String(metricsPort),
  }
  const running = run({ file: join(APPS, program.file), args: ['one'], cwd: APPS, env }, start(metricsPort))
  let [answers, held]: [readonly string[], readonly Promise<string>[]] = [[], []]
  if (visit !== undefined) {
    for (const port of ports) await listening(port, running)
    const visited = await visit(ports)
    answers = visited.heard
    held = visited.held ?? []
  }
  const toldAt = performance.now()
  if (visit !== undefined) running.signal(signal)
  const { stdout, stderr, ...exit } = await running.ended
  const endedAfterMs = performance.now() - toldAt
  const ends = await Promise.all(held)
  return { life: { answers, ends, stdout, stderr: withoutPids(stderr), exit }, endedAfterMs }
}

/** Node writes the pid before a warning. */
function withoutPids(text: string): string {
  return text.replace(/^\(node:\d+\)/gm, '(node)')
}
