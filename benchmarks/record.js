import { canMap } from '../packages/core/dist/store/slab.js'
import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, ratioOf, spread } from './lib/report.js'
import { INSTRUMENTS } from './record/instruments.js'

/** What it costs to record one exchange: method, route, status and duration, into a histogram and a counter. */
export async function record({ quick }) {
  const settings = {
    rounds: quick ? 1 : 7,
    records: quick ? 5_000 : 500_000,
    routes: 20,
    methods: 3,
    statuses: 4,
    errors: '6 %',
  }
  const slabs = canMap() ? ['mapped', 'flushed', 'heap'] : ['flushed', 'heap']
  const script = new URL('./record/side.js', import.meta.url)
  const [best] = slabs
  const sides = {
    ...Object.fromEntries(slabs.map(slab => [slab, { side: 'promherd', slab }])),
    half_errors: { side: 'promherd', slab: best, halfErrors: true },
    prom_client: { side: 'prom_client' },
    clock: { side: 'clock' },
    loop: { side: 'loop' },
  }
  const instruments = Object.keys(INSTRUMENTS)
  const results = await alternate(settings.rounds, Object.keys(sides), name =>
    inFreshProcess(script, { ...settings, ...sides[name] }),
  )
  const instrumentScript = new URL('./record/instrument-side.js', import.meta.url)
  const instrumentSettings = { records: settings.records * 10, slab: best }
  const instrumentResults = await alternate(settings.rounds, instruments, side =>
    inFreshProcess(instrumentScript, { ...instrumentSettings, side }),
  )
  const nsOf = name => results[name].map(({ ns }) => ns)
  const ns = Object.fromEntries(Object.keys(sides).map(name => [name, spread(nsOf(name))]))
  const figures = {
    'record.ns': figure(`promherd, one exchange, ${best} slab`, 'ns', ns[best], { atMost: 100 }),
    'record.ratio_vs_prom_client': figure(
      `of the cost in prom-client, ${best} slab`,
      '',
      ratioOf(nsOf(best), nsOf('prom_client')),
      { atMost: 0.1 },
    ),
    ...Object.fromEntries(slabs.map(slab => [`record.${slab}_ns`, figure(`promherd, ${slab} slab`, 'ns', ns[slab])])),
    'record.half_errors_ns': figure(
      `promherd, ${best} slab, where every second exchange is an error too`,
      'ns',
      ns.half_errors,
    ),
    'record.prom_client_ns': figure('prom-client, observe and inc', 'ns', ns.prom_client),
    'record.clock_ns': figure('two readings of the clock, needed by any side, in none', 'ns', ns.clock),
    'record.loop_ns': figure('the loop around it, included in each', 'ns', ns.loop),
    ...Object.fromEntries(
      instruments.map(side => [
        `record.${side}_ns`,
        figure(
          INSTRUMENTS[side].what,
          'ns',
          spread(instrumentResults[side].map(({ ns }) => ns)),
          INSTRUMENTS[side].reach,
        ),
      ]),
    ),
  }
  const answers = [...slabs, 'prom_client'].flatMap(side => results[side])
  const isExact = instruments.every(side => instrumentResults[side].every(({ isExact }) => isExact))
  const equal = isExact && new Set(answers.map(({ digest }) => digest)).size === 1
  const checks = { equal, samples: answers[0].samples }
  return { benchmark: 'record', machine: machine(), settings, figures, checks }
}
