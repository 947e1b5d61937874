import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CONNECTIONS, REQUESTS } from './child.js'
import { socketClient } from './load.js'

/** One measurement in a fresh process, and what is made of several. */

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
const DEADLINE_MS = 60_000

/**
 * @param {import('./child.js').Job} job
 * @param {Record<string, string>} env
 * @returns {Promise<number>} microseconds of CPU per request
 * @throws where the variant does not run, or counted something else than the requests that were sent
 */
export async function measure(job, env) {
  const child = fork(CHILD, [JSON.stringify(job)], {
    env: { ...process.env, ...env },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  try {
    const { microseconds, sent, count } = await conversation(child, job)
    if (count !== sent) {
      throw new Error(`Expected ${job.variant} to count the ${sent} requests that were sent, but it counted ${count}.`)
    }
    return microseconds
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

function conversation(child, job) {
  return new Promise((resolve, reject) => {
    let stderr = ''
    let client
    const fail = error => {
      client?.close()
      reject(error)
    }
    child.stderr.on('data', chunk => {
      stderr = (stderr + chunk).slice(-4000)
    })
    child.on('error', fail)
    child.on('exit', (code, signal) =>
      fail(new Error(`${job.variant} ended with ${signal ?? code}: ${reasonIn(stderr)}`)),
    )
    child.on('message', async message => {
      try {
        if (message.port !== undefined) {
          client = await socketClient(message.port, REQUESTS, CONNECTIONS)
          await client.send(job.warmUp)
          child.send('begin')
        } else if (message.begun) {
          await client.send(job.requests)
          child.send('end')
        } else {
          client?.close()
          resolve(message)
        }
      } catch (error) {
        fail(error)
      }
    })
  })
}

/** The line of a crash report that says what it was. */
function reasonIn(stderr) {
  const lines = stderr.split('\n').filter(line => line.trim() !== '')
  return lines.find(line => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'no reason given'
}

/**
 * One round: bare between any two variants, so that each is compared with the bare ones right before and after it.
 *
 * @param {string[]} variants
 * @param {(variant: string) => Promise<number>} run
 * @returns {Promise<{ bare: number[], added: Map<string, number>, failed: Map<string, string> }>}
 */
export async function round(variants, run) {
  const bare = [await run('bare')]
  const added = new Map()
  const failed = new Map()
  for (const variant of variants) {
    let figure
    try {
      figure = await run(variant)
    } catch (error) {
      failed.set(variant, error.message)
      continue
    }
    bare.push(await run('bare'))
    added.set(variant, figure - (bare.at(-2) + bare.at(-1)) / 2)
  }
  return { bare, added, failed }
}

/** @param {number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
