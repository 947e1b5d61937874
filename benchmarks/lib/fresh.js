import { fork } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Runs a script in a new process, so that no measurement uses the caches, the garbage or the compiled code of another.
 * Returns the one message that the script sends.
 * @param {URL} script
 * @param {object} settings given to the script as JSON
 * @param {{ execPath?: string, execArgv?: readonly string[], env?: object }} [how] another Node, its flags, variables
 */
export function inFreshProcess(script, settings, { env = {}, ...how } = {}) {
  return new Promise((resolve, reject) => {
    let answer
    const child = fork(fileURLToPath(script), [JSON.stringify(settings)], {
      ...how,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    })
    child.on('message', message => {
      answer = message
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0 && answer !== undefined) resolve(answer)
      else reject(new Error(`${basename(script.pathname)} ended with ${signal ?? code} and without an answer`))
    })
  })
}

/** The settings that this process was started with. */
export function settingsOfThisProcess() {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Sends the result to the parent process, and exits after that. */
export function answer(message) {
  process.send(message, () => process.disconnect())
}

/**
 * Measures each side once in a round. Every second round has the reverse order, so that a machine that becomes slower
 * affects all sides equally.
 * @template T
 * @param {number} rounds
 * @param {readonly string[]} sides
 * @param {(side: string) => Promise<T>} measure
 * @returns {Promise<Record<string, T[]>>}
 */
export async function alternate(rounds, sides, measure) {
  const results = Object.fromEntries(sides.map(side => [side, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? sides : [...sides].reverse()
    for (const side of order) results[side].push(await measure(side))
  }
  return results
}
