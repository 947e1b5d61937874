import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONNECTIONS, REQUESTS } from './child.js'
import { socketClient } from './load.js'

/** One measurement in a fresh process, and what is made of several. */

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
const DEADLINE_MS = 60_000
const PRELOAD = import.meta.resolve('@promherd/core/auto')

/** What a variant is told that runs, and does not count what it was sent. */
export class Miscounted extends Error {}

/**
 * @param {import('./child.js').Job} job
 * @returns {Promise<number>} microseconds of CPU per request
 * @throws where the variant does not run, or counted something else than the requests that were sent
 */
export async function measure(job) {
  // A herd of its own, since the numbers of an earlier process would be counted too.
  const directory = await mkdtemp(join(tmpdir(), 'promherd-bench-'))
  const child = fork(CHILD, [JSON.stringify(job)], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NODE_ENV: 'production',
      PROMETHEUS_MULTIPROC_DIR: directory,
      PROMETHEUS_METRICS_PORT: '0',
    },
    execArgv: ['--expose-gc', ...(job.preloaded ? ['--import', PRELOAD] : [])],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const gone = new Promise(resolve => child.once('close', resolve))
  try {
    const { microseconds, sent, count } = await conversation(child, job)
    if (count !== sent) {
      throw new Miscounted(`${count} of the ${sent} requests that were sent are counted`)
    }
    return microseconds
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
    await gone
    await rm(directory, { recursive: true, force: true })
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
 * @returns {Promise<{ bare: number[], added: Map<string, number>, failed: Map<string, Error> }>}
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
      failed.set(variant, error)
      continue
    }
    bare.push(await run('bare'))
    added.set(variant, figure - (bare.at(-2) + bare.at(-1)) / 2)
  }
  return { bare, added, failed }
}
