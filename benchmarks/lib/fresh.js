import { fork } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Runs a script in a process of its own, so that no measurement finds the caches, the garbage or the compiled code
 * of another. Answers the one message that the script sends.
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

/** The settings that this fresh process was given. */
export function settingsOfThisProcess() {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Sends the answer, and ends once it is on its way. */
export function answer(message) {
  process.send(message, () => process.disconnect())
}

/**
 * Measures each side once a round; every second round goes the other way, so that a machine that grows slower harms
 * no side more than the others.
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
