import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The root of the workspace. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Ends the run with a line for the user instead of a stack. */
export class Stop extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** One line to the user, on stderr: stdout belongs to the programs that are run. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Runs a program in the workspace and answers its exit code; its output is the user's. */
export async function run(program, args, { env = {} } = {}) {
  return (await start(program, args, { env, stdio: 'inherit' })).code
}

/** The same for a script that a package has installed, without a shell: `script` is its path below node_modules. */
export function runInstalled(script, args, options) {
  return run(process.execPath, [`${ROOT}node_modules/${script}`, ...args], options)
}

/** Runs a program without showing anything, and answers its exit code and all that it wrote. */
export function runQuietly(program, args, { env = {} } = {}) {
  return start(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

function start(program, args, { env, stdio }) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', text => (output += text))
    // The child gets the terminal's signals too: it decides what becomes of them, and this process waits for it.
    const pass = signal => child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, pass)
    const finish = code => {
      for (const signal of SIGNALS) process.off(signal, pass)
      resolve({ code, output })
    }
    child.on('error', error => {
      output += `${program} could not be started: ${error.message}\n`
      finish(127)
    })
    child.on('close', (code, signal) => finish(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

const SIGNALS = ['SIGINT', 'SIGTERM']
