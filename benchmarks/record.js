import { canMap } from '../packages/core/dist/store/storage.js'
import { alternate, inFreshProcess } from './lib/fresh.js'
import { newerNode, SUCCESSOR, withoutNewerNode } from './lib/newer-node.js'
import { figure, machine, ratioOf, spread, versionOf } from './lib/report.js'
import { INSTRUMENTS } from './record/instruments.js'

const SIDE = new URL('./record/side.js', import.meta.url)
const INSTRUMENT_SIDE = new URL('./record/instrument-side.js', import.meta.url)
const BESIDE = ['prom-client', '@opentelemetry/sdk-metrics']

/** The cost of recording one exchange: method, route, status and duration, into a histogram and a counter. */
export async function record({ quick }) {
  const settings = {
    rounds: quick ? 1 : 7,
    records: quick ? 5_000 : 500_000,
    routes: 20,
    methods: 3,
    statuses: 4,
    errors: '6 %',
  }
  const storages = canMap() ? ['mmap', 'file', 'memory'] : ['file', 'memory']
  const [best] = storages
  const newer = newerNode()
  const sides = sidesOf(storages, newer)
  const results = await alternate(settings.rounds, Object.keys(sides), name =>
    inFreshProcess(SIDE, { ...settings, ...sides[name].job }, { execPath: sides[name].node }),
  )
  const instrumentSettings = { records: settings.records * 10, storage: best }
  const instruments = await alternate(settings.rounds, Object.keys(INSTRUMENTS), side =>
    inFreshProcess(INSTRUMENT_SIDE, { ...instrumentSettings, side }),
  )
  const nsOf = name => results[name].map(({ ns }) => ns)
  const figures = {
    'record.ns': figure(`promherd, one exchange, ${best} storage`, 'ns', spread(nsOf(best)), { atMost: 100 }),
    'record.ratio_vs_prom_client': figure(
      `relative to prom-client, ${best} storage`,
      '',
      ratioOf(nsOf(best), nsOf('prom_client')),
      { atMost: 0.1 },
    ),
    ...Object.fromEntries(
      Object.entries(sides).map(([name, { what }]) => [`record.${name}_ns`, figure(what, 'ns', spread(nsOf(name)))]),
    ),
    ...instrumentFigures(instruments),
  }
  const checks = checksOf(Object.keys(sides), results, instruments)
  return {
    benchmark: 'record',
    machine: machine(BESIDE),
    settings,
    figures,
    checks: { ...checks, ...withoutNewerNode(newer) },
  }
}

/** The clients that record, each with its version of Node. */
function sidesOf(storages, newer) {
  const [best] = storages
  const there = newer === undefined || newer.execPath === process.execPath ? '' : `, Node ${newer.version}`
  const ours = storage => ({ what: `promherd, ${storage} storage`, job: { client: 'promherd-http', storage } })
  return {
    ...Object.fromEntries(storages.map(storage => [storage, ours(storage)])),
    half_errors: {
      what: `promherd, ${best} storage, where every second exchange is also an error`,
      job: { client: 'promherd-http', storage: best, halfErrors: true },
    },
    prom_client: { what: 'prom-client, observe and inc', job: { client: 'prom-client' } },
    ...(newer !== undefined && {
      prometheus_io: {
        what: `${SUCCESSOR}, observe and inc${there}`,
        job: { client: 'prometheus-io' },
        node: newer.execPath,
      },
    }),
    ...(there !== '' && {
      newer_node: { ...ours(best), what: `promherd, ${best} storage${there}`, node: newer.execPath },
    }),
    opentelemetry: {
      what: `OpenTelemetry's SDK ${versionOf('@opentelemetry/sdk-metrics')}, record and add`,
      job: { client: 'opentelemetry' },
    },
    clock: {
      what: 'two readings of the clock, which every side needs and no figure includes',
      job: { client: 'clock' },
    },
    loop: { what: 'the loop itself, included in each figure', job: { client: 'loop' } },
  }
}

function instrumentFigures(results) {
  return Object.fromEntries(
    Object.entries(INSTRUMENTS).map(([side, { what, reach }]) => [
      `record.${side}_ns`,
      figure(what, 'ns', spread(results[side].map(({ ns }) => ns)), reach),
    ]),
  )
}

/** Sides that record other exchanges, or none. */
const UNLIKE = ['half_errors', 'clock', 'loop']

function checksOf(sides, results, instruments) {
  const answers = sides.filter(name => !UNLIKE.includes(name)).flatMap(name => results[name])
  const isExact = Object.values(instruments).every(answers => answers.every(({ isExact }) => isExact))
  const equal = isExact && new Set(answers.map(({ digest }) => digest)).size === 1
  return { equal, samples: answers[0].samples }
}
