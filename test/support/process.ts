import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The root of the workspace. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

export interface ProcessOptions {
  readonly cwd?: string
  /** Added to the environment of the tests; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to its stdin, which then ends. */
  readonly input?: string
}

/** A process that a test has started. It never outlives the test run. */
export interface RunningProcess {
  readonly pid: number
  /** All that it has written so far, stdout and stderr. */
  output(): string
  /** Resolves when it has ended and its output is complete. */
  readonly exited: Promise<Exit>
  /** Ends it, with SIGKILL where it has not ended after the deadline. @default SIGTERM, 10_000 ms */
  stop(signal?: NodeJS.Signals, deadlineMs?: number): Promise<Exit>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Starts a program; throws where it cannot be started. */
export async function startProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  const env = { ...process.env, ...options.env }
  const child = spawn(program, args, { cwd: options.cwd ?? ROOT, env, stdio: 'pipe' })
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.stdin.on('error', () => {}) // It may end without reading all.
  child.stdin.end(options.input)
  return follow(child)
}

/** Runs a program to its end. */
export async function runProcess(
  program: string,
  args: readonly string[],
  options?: ProcessOptions,
): Promise<Exit & { output: string }> {
  const running = await startProcess(program, args, options)
  return { ...(await running.exited), output: running.output() }
}

function follow(child: ChildProcess): RunningProcess {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const kill = (): void => void child.kill('SIGKILL')
  process.on('exit', kill)
  const exited = new Promise<Exit>(resolve => {
    child.on('close', (code, signal) => {
      process.off('exit', kill)
      resolve({ code, signal })
    })
  })
  async function stop(signal: NodeJS.Signals = 'SIGTERM', deadlineMs = 10_000): Promise<Exit> {
    child.kill(signal)
    const timer = setTimeout(kill, deadlineMs)
    const exit = await exited
    clearTimeout(timer)
    return exit
  }
  return { pid: child.pid!, output: () => output, exited, stop }
}
