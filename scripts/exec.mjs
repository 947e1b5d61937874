import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The root of the workspace. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Stops the run with a message for the user instead of a stack trace. */
export class Stop extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Writes one line to stderr. stdout is for the programs that are run. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Runs a program in the workspace with the user's stdio, and returns its exit code. */
export async function run(program, args, { env = {} } = {}) {
  return (await start(program, args, { env, stdio: 'inherit' })).code
}

/** The same for an installed script, without a shell: `script` is its path in node_modules. */
export function runInstalled(script, args, options) {
  return run(process.execPath, [`${ROOT}node_modules/${script}`, ...args], options)
}

/** Runs a program without showing its output. Returns its exit code and its output. */
export function runQuietly(program, args, { env = {} } = {}) {
  return start(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

function start(program, args, { env, stdio }) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', text => (output += text))
    // The child also receives the signals of the terminal. It decides what they do, and this process waits for it.
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
