import { readFileSync } from 'node:fs'
import { figure, machine, spread } from './lib/report.js'
import { CONNECTIONS } from './request/child.js'
import { chosenFrameworks, FRAMEWORKS, QUICK } from './request/frameworks.js'
import { Miscounted, measure, quickRound, round, roundInSlices } from './request/measure.js'

/**
 * What metrics cost a request: microseconds of CPU that a middleware adds to the bare framework.
 *
 * Two ways, since neither is the whole truth. In memory, Node's own HTTP server runs over a connection without a
 * kernel: little noise, so this is the headline. Over a loopback socket another process sends the load: all is real,
 * and its spread is wider. Each figure is of a fresh process, which must have counted exactly the requests that were
 * sent; over a socket a variant is compared with bare runs right before and after it.
 *
 * What is measured is the steady state of a server that runs for long, for all sides alike: each process is warm
 * before it is measured. In memory all variants of a round are there at once on one core, where it can be chosen, and
 * take turns of some ten milliseconds. What counts of a process is the slice than which a tenth were faster: what a
 * machine does besides lasts longer than a slice, and only ever adds. What is left of the spread is between processes:
 * V8 does not compile the same code the same way twice.
 */

/** Of each framework: the least number of rounds, and the seconds that further ones must fit into. */
const MODES = {
  memory: { rounds: 3, seconds: 150, share: 1 },
  socket: { rounds: 1, seconds: 20, share: 0.4 },
}

/** What is less cannot be told from nothing, and nothing should be divided by it. */
const LEAST_US = 0.1

/**
 * @param {{ quick?: boolean, framework?: string }} options `quick` proves that all runs and counts, no more: variants share
 * a process, and what counts in memory counts over a socket, for which one framework is enough
 */
export async function request({ quick = false, framework }) {
  const figures = {}
  const failures = []
  for (const name of chosenFrameworks(framework)) {
    const { variants } = await import(`./request/${name}.js`)
    const names = Object.keys(variants).filter(variant => variant !== 'bare')
    const memory = await rounds(name, 'memory', names, quick)
    Object.assign(figures, memoryFigures(name, names, memory))
    const socket = quick && name !== QUICK.socket ? undefined : await rounds(name, 'socket', names, quick)
    if (socket !== undefined) Object.assign(figures, socketFigures(name, names, socket))
    const failed = [...memory.failed, ...(socket?.failed ?? [])]
    for (const [variant, error] of failed) failures.push({ name, variant, error })
  }
  return { benchmark: 'request', machine: machine(), settings: settingsOf(quick), figures, checks: checksOf(failures) }
}

function settingsOf(quick) {
  const requests = Object.entries(FRAMEWORKS).map(
    ([name, { requests }]) => `${name} ${quick ? QUICK.requests : requests}`,
  )
  return { requests: requests.join(' '), connections: CONNECTIONS }
}

/** Who counted wrongly is broken; what does not run on this Node is only left out, by name and with its reason. */
function checksOf(failures) {
  const miscounted = failures.filter(({ error }) => error instanceof Miscounted)
  const told = failures.map(({ name, variant, error }) => `${name} ${variant}: ${error.message}`)
  return { equal: miscounted.length === 0, ...(told.length > 0 && { left_out: [...new Set(told)].join('; ') }) }
}

async function rounds(framework, mode, names, quick) {
  const size = quick ? QUICK : FRAMEWORKS[framework]
  const { share, seconds } = MODES[mode]
  const job = { framework, mode, warmUp: Math.round(size.warmUp * share), requests: Math.round(size.requests * share) }
  const least = quick ? 1 : MODES[mode].rounds
  const result = { bare: [], added: new Map(), failed: new Map() }
  const startedAt = performance.now()
  for (let done = 0; ; done++) {
    const spent = (performance.now() - startedAt) / 1000
    if (done >= least && (quick || spent + spent / done > seconds)) return result
    const running = names.filter(name => !result.failed.has(name))
    const order = done % 2 === 0 ? running : running.toReversed()
    const { bare, added, failed } = await (quick ? quickRound(order, job) : fullRound(order, job))
    result.bare.push(...bare)
    for (const [name, microseconds] of added) result.added.set(name, [...(result.added.get(name) ?? []), microseconds])
    for (const [name, error] of failed) result.failed.set(name, error)
  }
}

function fullRound(order, job) {
  return job.mode === 'memory' ? roundInSlices(order, job) : round(order, variant => measure({ ...job, variant }))
}

function memoryFigures(framework, names, { bare, added }) {
  const key = `request.${framework}`
  return {
    ...headline(key, added),
    [`${key}.bare_us`]: figure(`${framework} ${manifestOf(framework).version} alone`, 'µs', spread(bare)),
    ...addedFigures(key, names, added, ''),
  }
}

function socketFigures(framework, names, { bare, added }) {
  const key = `request.${framework}.socket`
  const what = `${framework} ${manifestOf(framework).version} alone, over a socket`
  return {
    [`${key}.bare_us`]: figure(what, 'µs', spread(bare)),
    ...addedFigures(key, names, added, ', over a socket'),
  }
}

/** What the project is measured by: the packages, and beside them what a careful user writes by hand. */
function headline(key, added) {
  const ours = added.get('ours')
  if (ours === undefined) return {}
  const medianOf = name => spread(added.get(name)).value
  const packages = [...added.keys()].filter(name => !NO_PACKAGES.has(name)).map(medianOf)
  const ratioTo = best => ({ value: spread(ours).value / Math.max(best, LEAST_US) })
  const what = 'of what the cheapest of the other packages adds'
  return {
    [`${key}.added_us`]: figure('promherd adds', 'µs', spread(ours), { atMost: 1.5 }),
    ...(packages.length > 0 && {
      [`${key}.ratio_vs_best_peer`]: figure(what, '', ratioTo(Math.min(...packages)), { atMost: 0.2 }),
    }),
    ...(added.has('plain') && {
      [`${key}.ratio_vs_by_hand`]: figure('of what prom-client by hand adds', '', ratioTo(medianOf('plain'))),
    }),
  }
}

/** `noop` does nothing and `timed` keeps nothing: the least that anything costs in that place. */
const NO_PACKAGES = new Set(['ours', 'plain', 'noop', 'timed'])

function addedFigures(key, names, added, how) {
  const measured = names.filter(name => added.has(name))
  return Object.fromEntries(
    measured.map(name => [
      `${key}.${name.replace(/^@/, '').replace(/\W+/g, '_')}_us`,
      figure(`${described(name)} adds${how}`, 'µs', spread(added.get(name))),
    ]),
  )
}

function described(variant) {
  if (variant === 'ours') return 'promherd'
  if (variant === 'noop') return 'a middleware that does nothing'
  if (variant === 'timed') return 'a middleware that takes the time until the response closes, and keeps nothing'
  if (variant === 'plain') return `prom-client ${manifestOf('prom-client').version} by hand`
  const { version, engines } = manifestOf(variant)
  // Whatever runs is measured; whoever reads should know what it does not promise to run on.
  const asks = engines?.node?.startsWith('>=22') ? ` (asks for Node ${engines.node})` : ''
  return `${variant} ${version}${asks}`
}

function manifestOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
}
