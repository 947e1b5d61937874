import { fork } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A child process that handles one command after another, such as a server that is measured from outside. */

/** Starts it and waits until it is ready. Stopping kills it at once. */
export function converse(script, settings, execArgv = []) {
  const env = { ...process.env, NODE_OPTIONS: '' }
  const child = fork(fileURLToPath(script), [JSON.stringify(settings)], { env, execArgv })
  const ended = new Promise((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      reject(new Error(`${basename(script.pathname)} ended with ${signal ?? code} and without an answer`))
    })
  })
  ended.catch(() => {})
  const next = () => Promise.race([new Promise(resolve => child.once('message', resolve)), ended])
  return {
    ready: next(),
    ask(what, given) {
      const answered = next()
      child.send({ what, given })
      return answered
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Handles the commands of the parent process, and exits with it. */
export function answers(acts) {
  process.on('message', async ({ what, given }) => process.send((await acts[what](given)) ?? {}))
  process.on('disconnect', () => process.exit())
  process.send({})
}

/** The CPU time and memory of this process since its start. */
export function usage() {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1e3 }
}
