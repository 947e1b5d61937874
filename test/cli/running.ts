import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'

/** The command as a shell runs it. */

export const COMMAND: string = join(ROOT, 'packages/cli/bin/promherd.js')

/** What the tests were started with is not for what they start. */
export const CLEAN = {
  WEB_CONCURRENCY: undefined,
  PROMETHEUS_MULTIPROC_DIR: undefined,
  PROMETHEUS_METRICS_PORT: undefined,
  PROMHERD_CONFIG: undefined,
  NODE_OPTIONS: undefined,
}

export interface Start {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. It ends with the test, if not before. */
export interface Running {
  readonly pid: number
  stdout(): string
  stderr(): string
  readonly ended: Promise<Ended>
  signal(name: NodeJS.Signals): void
}

/** Starts the command. */
export function start(args: readonly string[], options?: Start): Running {
  return startNode([COMMAND, ...args], options)
}

/** Starts Node with these words. */
export function startNode(args: readonly string[], { cwd = ROOT, env = {} }: Start = {}): Running {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...CLEAN, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
  onTestFinished(async () => {
    child.kill('SIGQUIT')
    const deadline = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(deadline)
  })
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    signal: name => void child.kill(name),
  }
}

/** Runs the command to its end. */
export function promherd(args: readonly string[], options?: Start): Promise<Ended> {
  return start(args, options).ended
}

/** A directory with these files, that goes with the test. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}
