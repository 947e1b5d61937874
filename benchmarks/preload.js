import { figure, machine, ratioOf, spread } from './lib/report.js'
import { CONNECTIONS } from './request/child.js'
import { chosenFrameworks, FRAMEWORKS, QUICK } from './request/frameworks.js'
import { Miscounted, measureInOneProcess, measureInTurns } from './request/measure.js'

/**
 * The cost of a request under `--import @promherd/core/auto`, compared to the same request under the adapter: the CPU
 * time of the whole request, in memory, as in the benchmark `request`. The added time is not compared: it is negative
 * where the adapter makes a framework faster, and then a ratio of it has no meaning.
 *
 * In each round, fresh processes on one core take turns of about ten milliseconds. Two of them run the adapter, and the
 * preload is compared to their mean. The ratio of these two to each other shows the error of a ratio of the same code.
 */

/** The reach: the cost of the adapter, plus the difference between medians of the same code. */
const AT_MOST = 1.05

/** For each framework: the minimum number of rounds, and the time limit in seconds for further rounds. */
const ROUNDS = 3
const SECONDS = 52

/** The processes of a round. The two of the adapter have separate names, to be compared to each other. */
const SIDES = {
  bare: { variant: 'bare', preloaded: false },
  before: { variant: 'ours', preloaded: false },
  preload: { variant: 'bare', preloaded: true },
  after: { variant: 'ours', preloaded: false },
}

/** @param {{ quick?: boolean, framework?: string }} options `quick` only checks that everything runs and counts */
export async function preload({ quick = false, framework }) {
  const figures = {}
  const settings = { connections: CONNECTIONS }
  const miscounted = []
  for (const name of chosenFrameworks(framework)) {
    try {
      const sides = await rounds(name, quick)
      Object.assign(figures, figuresOf(name, sides))
      settings[`rounds_${name}`] = sides.preload.length
    } catch (error) {
      if (!(error instanceof Miscounted)) throw error
      miscounted.push(`${name}: ${error.message}`)
    }
  }
  const checks = { equal: miscounted.length === 0, ...(miscounted.length > 0 && { left_out: miscounted.join('; ') }) }
  return { benchmark: 'preload', machine: machine([]), settings, figures, checks }
}

async function rounds(framework, quick) {
  const { requests, warmUp } = quick ? QUICK : FRAMEWORKS[framework]
  const job = { framework, mode: 'memory', warmUp, requests, listens: true }
  if (quick) return quickRound(job)
  const taken = { bare: [], before: [], preload: [], after: [] }
  const startedAt = performance.now()
  for (let done = 0; ; done++) {
    const spent = (performance.now() - startedAt) / 1000
    if (done >= ROUNDS && spent + spent / done > SECONDS) return taken
    const order = done % 2 === 0 ? Object.entries(SIDES) : Object.entries(SIDES).toReversed()
    const { took, failed } = await measureInTurns(
      Object.fromEntries(order.map(([name, side]) => [name, { ...job, ...side }])),
    )
    for (const error of failed.values()) throw error
    for (const [name, microseconds] of took) taken[name].push(microseconds)
  }
}

/** Variants without the preload share a process, and one run of the adapter is used for both. */
async function quickRound(job) {
  const alone = await measureInOneProcess(['bare', 'ours'], job)
  const preloaded = await measureInOneProcess(['bare'], { ...job, preloaded: true })
  for (const error of [...alone.failed.values(), ...preloaded.failed.values()]) throw error
  const adapter = [alone.took.get('ours')]
  return { bare: [alone.took.get('bare')], before: adapter, preload: [preloaded.took.get('bare')], after: adapter }
}

function figuresOf(framework, { bare, before, preload, after }) {
  const adapter = before.map((microseconds, round) => (microseconds + after[round]) / 2)
  const added = side => spread(side.map((microseconds, round) => microseconds - bare[round]))
  const key = `request.${framework}`
  const ratio = ratioOf(preload, adapter)
  return {
    [`${key}.preload_ratio_vs_adapter`]: figure(
      'a request under the preload, relative to one under the adapter',
      '',
      ratio,
      {
        atMost: AT_MOST,
      },
    ),
    [`${key}.adapter_ratio_vs_itself`]: figure('the same for two runs of the adapter', '', ratioOf(after, before)),
    [`${key}.preload_us`]: figure('the preload adds', 'µs', added(preload)),
    [`${key}.preload_adapter_us`]: figure('the adapter adds', 'µs', added(adapter)),
    [`${key}.preload_whole_us`]: figure('a request under the preload', 'µs', spread(preload)),
    [`${key}.preload_adapter_whole_us`]: figure('a request under the adapter', 'µs', spread(adapter)),
    [`${key}.preload_bare_whole_us`]: figure(`a request of ${framework} alone`, 'µs', spread(bare)),
  }
}
