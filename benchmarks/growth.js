import { inFreshProcess } from './lib/fresh.js'
import { figure, machine } from './lib/report.js'
import { slope } from './lib/slope.js'

const SIDE = new URL('./growth/side.js', import.meta.url)
const RESTARTS = new URL('./growth/restarts.js', import.meta.url)
const FLAGS = { execArgv: ['--expose-gc'] }

/** With fewer series in total, the fixed cost of a scrape is larger than the cost of the series. */
const LEAST_TOTAL = 10_000

/** How the time and memory of the reader grow with the herd, and what remains of exited workers. */
export async function growth({ quick }) {
  const sizes = quick ? { stores: [1, 2], series: [10, 20], large: [] } : FULL
  const restarts = quick ? 400 : 10_000
  const points = []
  for (const [stores, series] of combinations(sizes)) {
    const result = await inFreshProcess(SIDE, { stores, series, check: quick }, FLAGS)
    points.push({ stores, series, total: stores * series, ...result })
  }
  const same = await inFreshProcess(RESTARTS, { restarts }, FLAGS)
  const own = await inFreshProcess(RESTARTS, { restarts, ownLabels: true }, FLAGS)
  const settings = { sizes: points.map(({ stores, series }) => `${stores}x${series}`).join(' '), restarts }
  const figures = {
    ...exponents(points.filter(({ total }) => quick || total >= LEAST_TOTAL)),
    ...restartFigures(same, own),
    ...table(points),
  }
  return {
    benchmark: 'growth',
    machine: machine([]),
    settings,
    figures,
    checks: checksOf(points, [same, own], restarts),
  }
}

const FULL = { stores: [1, 2, 4, 8, 16, 32, 64], series: [100, 1_000, 10_000], large: [1, 2, 4, 8] }

function combinations({ stores, series, large }) {
  return [...series.flatMap(count => stores.map(each => [each, count])), ...large.map(each => [each, 100_000])]
}

/** One exponent over the number of stores and one over their series: in a common one, a flat line would hide a steep one. */
function exponents(points) {
  const lines = [
    points.filter(({ series }) => series === AT_SERIES || points.every(({ series }) => series < AT_SERIES)),
    points.filter(({ stores }) => stores === AT_STORES || points.every(({ stores }) => stores < AT_STORES)),
  ]
  return Object.fromEntries(
    Object.entries(MEASURES).map(([name, { what, of }]) => {
      const steeper = Math.max(...lines.map(line => slope(line.map(point => [point.total, of(point)]))))
      return [
        `growth.${name}_exponent`,
        figure(
          `${what}: exponent, over stores or over their series, whichever is steeper`,
          '',
          { value: steeper },
          LINEAR,
        ),
      ]
    }),
  )
}

/** The point that both lines share. A quick run is smaller and has one line. */
const AT_SERIES = 10_000
const AT_STORES = 8
const LINEAR = { atMost: 1.1 }
const MEASURES = {
  first: { what: 'CPU of the first scrape', of: ({ first }) => first },
  second: { what: 'CPU of a later scrape, 1 % changed', of: ({ second }) => second },
  memory: { what: "the reader's memory", of: ({ bytes }) => bytes },
}

function restartFigures(same, own) {
  const kept = ({ early, late }) => ({ value: (late.memory - early.memory) / 1000 })
  const grown = ({ early, late }) => ({ value: late.bytes - early.bytes })
  return {
    'growth.restarts_files': figure(
      'additional files after all restarts, compared to a tenth of them',
      '',
      {
        value: same.late.files - same.early.files,
      },
      { atMost: 0 },
    ),
    'growth.restarts_bytes': figure('growth of all files, in bytes', '', grown(same)),
    'growth.restarts_memory_kb': figure("growth of the memory of the herd's leader", 'kB', kept(same), { atMost: 500 }),
    'growth.restarts_cpu_ms': figure('CPU to open, write, close and retire the stores', 'ms', {
      value: same.cpuMs,
    }),
    'growth.restarts_own_labels_bytes': figure(
      'the same with a new series for each restart: growth of all files, in bytes',
      '',
      grown(own),
    ),
    'growth.restarts_own_labels_memory_kb': figure('the same: memory of the leader', 'kB', kept(own)),
    'growth.restarts_own_labels_cpu_ms': figure('the same: CPU', 'ms', { value: own.cpuMs }),
  }
}

function table(points) {
  return Object.fromEntries(
    points.flatMap(({ stores, series, first, second, bytes }) => {
      const key = `growth.${stores}x${series}`
      const what = `${stores} x ${series} series`
      return [
        [`${key}.first_ms`, figure(`${what}: CPU of the first scrape`, 'ms', { value: first })],
        [`${key}.second_ms`, figure(`${what}: CPU of a later scrape, 1 % changed`, 'ms', { value: second })],
        [`${key}.memory_mb`, figure(`${what}: memory of the reader`, 'MB', { value: bytes / 1e6 })],
      ]
    }),
  )
}

/** Each store counts two jobs. */
function checksOf(points, lives, restarts) {
  const equal = lives.every(({ late }) => late.total === 2 * restarts)
  const samples = points.map(({ samples }) => samples)
  return {
    equal,
    jobs: lives.map(({ late }) => late.total).join(' '),
    files: lives.map(({ late }) => late.files).join(' '),
    ...(samples[0] > 0 && { samples: samples.join(' ') }),
  }
}
