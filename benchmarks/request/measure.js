import { fork, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
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

/** Slices of a measurement in memory: some ten milliseconds each, which is short beside what else a machine does. */
const SLICES = 40

/**
 * What counts of the slices of a process: a tenth of them were faster. Whatever a machine does besides only ever slows
 * a slice down, for seconds and up to twice; the very fastest are those that were spared their share of the garbage.
 */
const QUANTILE = 0.1

/**
 * @param {import('./child.js').Job} job
 * @returns {Promise<number>} microseconds of CPU per request
 * @throws where the variant does not run, or counted something else than the requests that were sent
 */
export async function measure(job) {
  const side = await Side.start(job)
  try {
    if (job.mode === 'socket') return await side.overSocket()
    const slices = []
    for (let i = 0; i < SLICES; i++) slices.push(await side.slice())
    await side.end()
    return undisturbed(slices)
  } finally {
    await side.kill()
  }
}

/** A variant in a fresh process. */
class Side {
  #job
  #child
  #directory
  #stderr = ''
  #gone

  /** Resolves once it is warm, in memory, or has a port. */
  static async start(job) {
    const side = new Side()
    side.#job = job
    // A herd of its own, since the numbers of an earlier process would be counted too.
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
    if (job.mode === 'memory') {
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

  /** Serves its share of the requests. Answers the microseconds of CPU that one took. */
  async slice() {
    this.#child.send({ slice: Math.ceil(this.#job.requests / SLICES) })
    return (await this.#message()).microseconds
  }

  /** @throws where it counted something else than the requests that were sent */
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

  /** The next message of the child; rejects where it ends, or does not answer. */
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
      const onMessage = settled(resolve)
      const onClose = settled((code, signal) => {
        reject(new Error(`${this.#job.variant} ended with ${signal ?? code}: ${reasonIn(this.#stderr)}`))
      })
      this.#child.on('message', onMessage)
      this.#child.on('close', onClose)
    })
  }
}

function check({ sent, count }) {
  if (count !== sent) throw new Miscounted(`${count} of the ${sent} requests that were sent are counted`)
}

/** The line of a crash report that says what it was. */
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
 * The same, but with all processes there at once: they take turns slice by slice, so that all are measured in the same
 * moments of the machine.
 *
 * @param {string[]} variants
 * @param {Omit<import('./child.js').Job, 'variant'>} job
 * @returns {Promise<{ bare: number[], added: Map<string, number>, failed: Map<string, Error> }>}
 */
export async function roundInSlices(variants, job) {
  const bare = await Side.start({ ...job, variant: 'bare' })
  const sides = new Map()
  const failed = new Map()
  try {
    for (const variant of variants) {
      await Side.start({ ...job, variant }).then(
        side => sides.set(variant, side),
        error => failed.set(variant, error),
      )
    }
    const taken = await inTurns(bare, sides)
    for (const [variant, side] of sides) await side.end().catch(error => failed.set(variant, error))
    const added = new Map([...taken.added].filter(([variant]) => !failed.has(variant)))
    return { bare: [taken.bare], added, failed }
  } finally {
    for (const side of [bare, ...sides.values()]) await side.kill()
  }
}

async function inTurns(bare, sides) {
  const taken = new Map([bare, ...sides.values()].map(side => [side, []]))
  for (let turn = 0; turn < SLICES; turn++) {
    for (const [side, slices] of turn % 2 === 0 ? taken : [...taken].toReversed()) slices.push(await side.slice())
  }
  const bareTook = undisturbed(taken.get(bare))
  const added = [...sides].map(([variant, side]) => [variant, undisturbed(taken.get(side)) - bareTook])
  return { bare: bareTook, added: new Map(added) }
}

function undisturbed(slices) {
  return slices.toSorted((a, b) => a - b)[Math.floor(slices.length * QUANTILE)]
}
