import { canMap } from '../packages/core/dist/store/storage.js'
import { alternate, inFreshProcess } from './lib/fresh.js'
import { newerNode, SUCCESSOR, withoutNewerNode } from './lib/newer-node.js'
import { figure, machine, ratioOf, spread, versionOf } from './lib/report.js'

const SIDE = new URL('./memory/side.js', import.meta.url)

/**
 * The memory of the series of one histogram in a worker: the JavaScript heap, external memory, and the files in
 * /dev/shm, after a garbage collection. Resident memory is reported in addition. It includes memory that V8 has
 * reserved and not returned.
 */
export async function memory({ quick, series = quick ? 300 : 20_000 }) {
  const settings = { rounds: quick ? 1 : 5, series, buckets: 14 }
  const newer = newerNode()
  const sides = sidesOf(canMap() ? 'mmap' : 'file', newer)
  const results = await alternate(settings.rounds, Object.keys(sides), name =>
    inFreshProcess(
      SIDE,
      { ...settings, ...sides[name].job },
      { execPath: sides[name].node, execArgv: ['--expose-gc'] },
    ),
  )
  const all = (name, part) => results[name].map(result => result[part])
  const ratio = (what, name, part, reach) =>
    figure(`${what}, relative to prom-client`, '', ratioOf(all(name, part), all('prom_client', part)), reach)
  const figures = {
    'memory.ratio_vs_prom_client': ratio('HTTP series of promherd', 'promherd', 'total', { atMost: 0.5 }),
    'memory.histogram_ratio_vs_prom_client': ratio("a user's histogram in promherd", 'histogram', 'total'),
    'memory.resident_ratio_vs_prom_client': ratio('resident memory, HTTP series', 'promherd', 'rss'),
    ...Object.assign({}, ...Object.keys(sides).map(name => sizes(name, sides[name].what, part => all(name, part)))),
  }
  return {
    benchmark: 'memory',
    machine: machine(['prom-client', '@opentelemetry/sdk-metrics']),
    settings,
    figures,
    checks: { ...checksOf(results), ...withoutNewerNode(newer) },
  }
}

function sidesOf(storage, newer) {
  return {
    promherd: { what: `promherd's HTTP series, ${storage} storage`, job: { client: 'promherd-http', storage } },
    histogram: { what: `a user's histogram, ${storage} storage`, job: { client: 'promherd-histogram', storage } },
    alone: { what: "promherd's HTTP series, memory storage", job: { client: 'promherd-http', storage: 'memory' } },
    prom_client: { what: 'prom-client', job: { client: 'prom-client' } },
    ...(newer !== undefined && {
      prometheus_io: {
        what: `${SUCCESSOR}, Node ${newer.version}`,
        job: { client: 'prometheus-io' },
        node: newer.execPath,
      },
    }),
    opentelemetry: {
      what: `OpenTelemetry's SDK ${versionOf('@opentelemetry/sdk-metrics')}`,
      job: { client: 'opentelemetry' },
    },
  }
}

const PARTS = { total: 'total', heap: 'heap', external: 'outside the heap', files: 'files', rss: 'resident' }

function sizes(side, what, all) {
  return Object.fromEntries(
    Object.entries(PARTS).map(([part, name]) => {
      const megabytes = all(part).map(bytes => bytes / 1e6)
      return [`memory.${side}_${part}_mb`, figure(`${what}: ${name}`, 'MB', spread(megabytes))]
    }),
  )
}

function checksOf(results) {
  const answers = Object.values(results).flat()
  return { equal: new Set(answers.map(({ digest }) => digest)).size === 1, samples: answers[0].samples }
}
