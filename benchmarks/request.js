import { readFileSync } from 'node:fs'
import { figure, machine, spread } from './lib/report.js'
import { CONNECTIONS } from './request/child.js'
import { chosenFrameworks, FRAMEWORKS, QUICK } from './request/frameworks.js'
import { Miscounted, measure, quickRound, round, roundInSlices } from './request/measure.js'

/**
 * The cost of metrics for a request: microseconds of CPU that a middleware adds to the bare framework.
 *
 * There are two ways to measure it. In memory, Node's own HTTP server runs over a connection without a kernel. This has
 * little noise, so it is the main figure. Over a loopback socket, another process sends the load. This is the real
 * situation, and its spread is wider. Each figure is of a fresh process, which must have counted exactly the requests
 * that were sent. Over a socket, a variant is compared to bare runs directly before and after it.
 *
 * All sides are measured in the steady state of a server that has run for long: each process is warm before it is
 * measured. In memory, all variants of a round run at the same time on one core, if the platform allows to choose it,
 * and take turns of about ten milliseconds. The result of a process is the slice at the 10th percentile: other work of
 * the machine lasts longer than a slice, and only adds time. The rest of the spread is between processes, since V8 does
 * not always compile the same code in the same way.
 */

/** For each framework: the minimum number of rounds, and the time limit in seconds for further rounds. */
const MODES = {
  memory: { rounds: 3, seconds: 150, share: 1 },
  socket: { rounds: 1, seconds: 20, share: 0.4 },
}

/** A smaller value cannot be distinguished from 0, so no ratio is computed with it. */
const LEAST_US = 0.1

/**
 * @param {{ quick?: boolean, framework?: string }} options `quick` only checks that everything runs and counts: variants
 * share a process, and one framework is enough over a socket
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

/** A variant with a wrong count is broken. One that does not run on this Node is left out, with its name and reason. */
function checksOf(failures) {
  const miscounted = failures.filter(({ error }) => error instanceof Miscounted)
  const reasons = failures.map(({ name, variant, error }) => `${name} ${variant}: ${error.message}`)
  return { equal: miscounted.length === 0, ...(reasons.length > 0 && { left_out: [...new Set(reasons)].join('; ') }) }
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

/** The main figures: promherd compared to the packages, and to code with prom-client that a careful user writes. */
function headline(key, added) {
  const ours = added.get('ours')
  if (ours === undefined) return {}
  const medianOf = name => spread(added.get(name)).value
  const packages = [...added.keys()].filter(name => !NO_PACKAGES.has(name)).map(medianOf)
  const ratioTo = best => ({ value: spread(ours).value / Math.max(best, LEAST_US) })
  const what = 'relative to the cheapest of the other packages'
  return {
    [`${key}.added_us`]: figure('promherd adds', 'µs', spread(ours), { atMost: 1.5 }),
    ...(packages.length > 0 && {
      [`${key}.ratio_vs_best_peer`]: figure(what, '', ratioTo(Math.min(...packages)), { atMost: 0.2 }),
    }),
    ...(added.has('plain') && {
      [`${key}.ratio_vs_by_hand`]: figure('relative to prom-client by hand', '', ratioTo(medianOf('plain'))),
    }),
  }
}

/** `noop` does nothing and `timed` records nothing: the minimum cost of any middleware in that place. */
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
  if (variant === 'timed') return 'a middleware that measures the time until the response closes and records nothing'
  if (variant === 'plain') return `prom-client ${manifestOf('prom-client').version} by hand`
  const { version, engines } = manifestOf(variant)
  // A package that runs is measured. The page names the version of Node that it requires.
  const asks = engines?.node?.startsWith('>=22') ? ` (asks for Node ${engines.node})` : ''
  return `${variant} ${version}${asks}`
}

function manifestOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
}
