import { fork, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SLICES, undisturbed } from '../lib/undisturbed.js'
import { CONNECTIONS, REQUESTS } from './child.js'
import { socketClient } from './load.js'

/** One measurement in a fresh process, and the combination of several. */

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
const DEADLINE_MS = 60_000
const PRELOAD = import.meta.resolve('@promherd/core/auto')

/** The error of a variant that runs, but has not counted the requests that were sent. */
export class Miscounted extends Error {}

/**
 * @param {import('./child.js').Job} job over a socket
 * @returns {Promise<number>} microseconds of CPU per request
 * @throws if the variant does not run, or did not count exactly the requests that were sent
 */
export async function measure(job) {
  const side = await Side.start(job)
  try {
    return await side.overSocket()
  } finally {
    await side.kill()
  }
}

/** A fresh process with one variant or, in a quick run, with all variants. */
class Side {
  #job
  #child
  #directory
  #stderr = ''
  #gone

  /** Resolves when its variant is warm, in memory mode, and else at once. */
  static async start(job) {
    const side = new Side()
    side.#job = job
    // A separate herd, since the counts of an earlier process would be included.
    side.#directory = await mkdtemp(join(tmpdir(), 'promherd-bench-'))
    side.#child = fork(CHILD, [JSON.stringify(job)], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_ENV: 'production',
        PROMETHEUS_MULTIPROC_DIR: side.#directory,
        PROMETHEUS_METRICS_PORT: '0',
      },
      execArgv: ['--expose-gc', ...(job.preloaded ? ['--import', PRELOAD] : [])],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    side.#child.stderr.on('data', chunk => {
      side.#stderr = (side.#stderr + chunk).slice(-4000)
    })
    side.#gone = new Promise(resolve => side.#child.once('close', resolve))
    if (job.variant !== undefined && job.mode === 'memory') {
      stayOnOneCore(side.#child.pid)
      try {
        await side.#message()
      } catch (error) {
        await side.kill()
        throw error
      }
    }
    return side
  }

  /** The quick run of one variant. Returns and throws as `measure` does. */
  async quick(variant) {
    this.#child.send({ variant })
    if (this.#job.mode === 'socket') return this.overSocket()
    await this.#message()
    const microseconds = await this.slice(this.#job.requests)
    await this.end()
    return microseconds
  }

  /** Serves its share of the requests. Returns the microseconds of CPU of one request. */
  async slice(requests = Math.ceil(this.#job.requests / SLICES)) {
    this.#child.send({ slice: requests })
    return (await this.#message()).microseconds
  }

  /** @throws if it did not count exactly the requests that were sent */
  async end() {
    this.#child.send({})
    check(await this.#message())
  }

  async overSocket() {
    const { port } = await this.#message()
    const client = await socketClient(port, REQUESTS, CONNECTIONS)
    try {
      await client.send(this.#job.warmUp)
      this.#child.send('begin')
      await this.#message()
      await client.send(this.#job.requests)
      this.#child.send('end')
      const measured = await this.#message()
      check(measured)
      return measured.microseconds
    } finally {
      client.close()
    }
  }

  async kill() {
    this.#child.kill('SIGKILL')
    await this.#gone
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** The next message of the child. Rejects if the child exits or does not reply. */
  #message() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS)
      const settled =
        act =>
        (...values) => {
          clearTimeout(timer)
          this.#child.off('message', onMessage)
          this.#child.off('close', onClose)
          act(...values)
        }
      const onMessage = settled(message => {
        if (message.error === undefined) resolve(message)
        else reject(new Error(message.error))
      })
      const onClose = settled((code, signal) => {
        reject(
          new Error(`${this.#job.variant ?? 'a quick run'} ended with ${signal ?? code}: ${reasonIn(this.#stderr)}`),
        )
      })
      this.#child.on('message', onMessage)
      this.#child.on('close', onClose)
    })
  }
}

function check({ sent, count }) {
  if (count !== sent) throw new Miscounted(`${count} of the ${sent} requests that were sent are counted`)
}

/** The line of a crash report that contains the error. */
function reasonIn(stderr) {
  const lines = stderr.split('\n').filter(line => line.trim() !== '')
  return lines.find(line => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'no reason given'
}

/**
 * Processors of a shared machine are not equally fast at any moment, so all that is compared runs on one, in turns.
 * Where there is no `taskset` it is only less exact.
 */
function stayOnOneCore(pid) {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(availableParallelism() - 1), String(pid)])
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

/**
 * The same in memory, but with all processes at the same time: they take turns slice by slice, so that all are measured
 * under the same conditions.
 *
 * @param {string[]} variants
 * @param {Omit<import('./child.js').Job, 'variant'>} job
 * @returns {Promise<{ bare: number[], added: Map<string, number>, failed: Map<string, Error> }>}
 */
export async function roundInSlices(variants, job) {
  const jobs = Object.fromEntries(['bare', ...variants].map(variant => [variant, { ...job, variant }]))
  return comparedWithBare(variants, await measureInTurns(jobs))
}

/**
 * A round that only checks that each variant runs and counts: all of them in one process, one after the other. Its figures
 * have no meaning, since each variant uses the compiled code of the previous ones.
 *
 * @param {string[]} variants
 * @param {Omit<import('./child.js').Job, 'variant'>} job
 * @returns {Promise<{ bare: number[], added: Map<string, number>, failed: Map<string, Error> }>}
 */
export async function quickRound(variants, job) {
  return comparedWithBare(variants, await measureInOneProcess(['bare', ...variants], job))
}

function comparedWithBare(variants, { took, failed }) {
  if (failed.has('bare')) throw failed.get('bare')
  const bare = took.get('bare')
  const added = variants.filter(variant => took.has(variant)).map(variant => [variant, took.get(variant) - bare])
  return { bare: [bare], added: new Map(added), failed }
}

/**
 * Measures variants one after the other in the same process.
 *
 * @param {string[]} variants
 * @param {Omit<import('./child.js').Job, 'variant'>} job
 * @returns {Promise<{ took: Map<string, number>, failed: Map<string, Error> }>} microseconds of CPU per request, or the error
 */
export async function measureInOneProcess(variants, job) {
  const took = new Map()
  const failed = new Map()
  const side = await Side.start(job)
  try {
    for (const variant of variants) {
      await side.quick(variant).then(
        microseconds => took.set(variant, microseconds),
        error => failed.set(variant, error),
      )
    }
  } finally {
    await side.kill()
  }
  return { took, failed }
}

/**
 * Measures processes in memory that take turns slice by slice.
 *
 * @param {Record<string, import('./child.js').Job>} jobs by a name
 * @returns {Promise<{ took: Map<string, number>, failed: Map<string, Error> }>} microseconds of CPU per request, or the error
 */
export async function measureInTurns(jobs) {
  const sides = new Map()
  const failed = new Map()
  try {
    for (const [name, job] of Object.entries(jobs)) {
      await Side.start(job).then(
        side => sides.set(name, side),
        error => failed.set(name, error),
      )
    }
    const slices = new Map([...sides.keys()].map(name => [name, []]))
    for (let turn = 0; turn < SLICES; turn++) {
      for (const [name, taken] of turn % 2 === 0 ? slices : [...slices].toReversed()) {
        taken.push(await sides.get(name).slice())
      }
    }
    for (const [name, side] of sides) await side.end().catch(error => failed.set(name, error))
    const whole = [...slices].filter(([name]) => !failed.has(name))
    return { took: new Map(whole.map(([name, taken]) => [name, undisturbed(taken)])), failed }
  } finally {
    for (const side of sides.values()) await side.kill()
  }
}
