import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure, median, round } from './measure.js'

/**
 * What metrics cost a request: microseconds of CPU that a middleware adds to the bare framework.
 *
 * Two ways, since neither is the whole truth. In memory, Node's own HTTP server runs over a connection without a
 * kernel: little noise, so this is the headline. Over a loopback socket another process sends the load: all is real,
 * and its spread is wider. Each figure is a fresh process; a variant is compared with bare runs right before and
 * after it, and must have counted exactly the requests that were sent.
 */

/** How much a middleware of ours may add, in microseconds, and what part of the best rival's. */
const REACH = { added_us: 1.5, ratio_vs_best_peer: 0.2 }

/**
 * Requests per measurement: the slower the framework, the fewer. Warm-up is as long as it takes until figures of the
 * same process stand still.
 */
const FRAMEWORKS = {
  express: { requests: 15_000, warmUp: 8_000 },
  fastify: { requests: 50_000, warmUp: 15_000 },
  koa: { requests: 30_000, warmUp: 12_000 },
  hono: { requests: 50_000, warmUp: 15_000 },
}

/** Of one framework: the least number of rounds, and the time after which no further one begins. */
const MODES = {
  memory: { rounds: 3, seconds: 30, share: 1 },
  socket: { rounds: 1, seconds: 18, share: 0.6 },
}

/**
 * @param {{ quick?: boolean, framework?: string, log?: (line: string) => void }} options `quick` proves that
 *   everything runs and counts; its figures mean little
 * @returns {Promise<{ figures: Record<string, { value: number, reach?: number, met?: boolean }>, failed: string[] }>}
 */
export async function request({ quick = false, framework, log = console.log } = {}) {
  if (framework !== undefined && !Object.hasOwn(FRAMEWORKS, framework)) {
    const known = Object.keys(FRAMEWORKS).join(', ')
    throw new Error(`Expected \`--framework\` to be one of ${known}, but got '${framework}'. Use one of them.`)
  }
  const directory = await mkdtemp(join(tmpdir(), 'promherd-bench-'))
  const env = { NODE_ENV: 'production', PROMETHEUS_MULTIPROC_DIR: directory }
  const figures = {}
  const failed = []
  try {
    for (const name of framework === undefined ? Object.keys(FRAMEWORKS) : [framework]) {
      const results = await compare(name, quick, env)
      await print(name, results, log)
      Object.assign(figures, figuresOf(name, results))
      for (const { failures } of Object.values(results)) {
        for (const [variant, reason] of failures) failed.push(`${name}: ${variant}: ${reason}`)
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return { figures, failed: [...new Set(failed)] }
}

async function compare(framework, quick, env) {
  const { variants } = await import(`./${framework}.js`)
  const names = Object.keys(variants).filter(name => name !== 'bare')
  const results = {}
  for (const mode of Object.keys(MODES)) results[mode] = await rounds(framework, mode, names, quick, env)
  return results
}

async function rounds(framework, mode, names, quick, env) {
  const size = quick ? { requests: 500, warmUp: 200 } : FRAMEWORKS[framework]
  const { share, seconds } = MODES[mode]
  const job = { framework, mode, warmUp: size.warmUp, requests: Math.round(size.requests * share) }
  const least = quick ? 1 : MODES[mode].rounds
  const result = { bare: [], added: new Map(names.map(name => [name, []])), failures: new Map() }
  const startedAt = performance.now()
  for (let done = 0; ; done++) {
    const spent = (performance.now() - startedAt) / 1000
    if (done >= least && (quick || spent + spent / done > seconds)) return result
    const running = names.filter(name => !result.failures.has(name))
    const order = done % 2 === 0 ? running : running.toReversed()
    const { bare, added, failed } = await round(order, variant => measure({ ...job, variant }, env))
    result.bare.push(...bare)
    for (const [name, microseconds] of added) result.added.get(name).push(microseconds)
    for (const [name, reason] of failed) result.failures.set(name, reason)
  }
}

function figuresOf(framework, { memory, socket }) {
  const ours = memory.added.get('ours')
  if (ours.length === 0) return {}
  const rivals = [...memory.added].filter(([name, added]) => name !== 'ours' && added.length > 0)
  const best = Math.min(...rivals.map(([, added]) => median(added)))
  const added = median(ours)
  const ratio = added / best
  const overSocket = socket.added.get('ours')
  return {
    [`request.${framework}.added_us`]: reached(added, REACH.added_us),
    [`request.${framework}.ratio_vs_best_peer`]: reached(ratio, REACH.ratio_vs_best_peer),
    ...(overSocket.length > 0 && { [`request.${framework}.added_us_socket`]: { value: rounded(median(overSocket)) } }),
  }
}

function reached(value, reach) {
  return { value: rounded(value), reach, met: value <= reach }
}

const rounded = value => Math.round(value * 1000) / 1000

async function print(framework, results, log) {
  const { version } = await about(framework)
  log(`${framework} ${version}: microseconds of CPU per request, median of the pairs (least to most)`)
  log(`  ${'bare'.padEnd(34)}${cell(results.memory.bare)}${cell(results.socket.bare)}`)
  for (const name of results.memory.added.keys()) {
    const reason = results.memory.failures.get(name) ?? results.socket.failures.get(name)
    const label = await labelOf(name)
    if (reason !== undefined) log(`  ${label.padEnd(34)}  not measured: ${reason}`)
    else
      log(
        `  ${label.padEnd(34)}${cell(results.memory.added.get(name), '+')}${cell(results.socket.added.get(name), '+')}`,
      )
  }
}

function cell(numbers, sign = '') {
  const show = number => (number < 0 ? '' : sign) + number.toFixed(2)
  const text = `${show(median(numbers))} (${show(Math.min(...numbers))} to ${show(Math.max(...numbers))})`
  return `  ${text.padEnd(28)}`
}

async function labelOf(variant) {
  if (variant === 'ours') return 'promherd'
  if (variant === 'plain') return `prom-client ${(await about('prom-client')).version} by hand`
  const { version, engines } = await about(variant)
  // Measured wherever it runs; whoever reads should know that it does not promise to.
  return `${variant} ${version}${engines?.node?.startsWith('>=22') ? ` (asks for Node ${engines.node})` : ''}`
}

async function about(name) {
  return JSON.parse(await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
}
