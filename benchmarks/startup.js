import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

const SIDE = new URL('./startup/side.js', import.meta.url)
const SIDES = {
  promherd: '@promherd/express',
  express_prom_bundle: 'express-prom-bundle',
  prom_client: 'prom-client alone',
}

/** The time that a process needs to load and create a middleware, without the time of an empty process. */
export async function startup({ quick }) {
  const settings = { rounds: quick ? 1 : 25 }
  const results = await alternate(settings.rounds, ['empty', 'auto', ...Object.keys(SIDES)], side =>
    inFreshProcess(SIDE, { side }, { env: { PROMETHEUS_MULTIPROC_DIR: '' } }),
  )
  const all = (side, when, clock) => results[side].map(result => result[when][clock])
  // All rounds subtract the median of the empty process, since a single round may have been disturbed.
  const added = (side, when, clock) => {
    const empty = spread(all('empty', when, clock)).value
    return all(side, when, clock).map(ms => ms - empty)
  }
  const ratio = (what, when, clock, reach) =>
    figure(
      `${what}, relative to express-prom-bundle`,
      '',
      quotient(added('promherd', when, clock), added('express_prom_bundle', when, clock)),
      reach,
    )
  const figures = {
    'startup.ratio_vs_express_prom_bundle': ratio('CPU to import it', 'imported', 'cpu', { atMost: 0.6 }),
    'startup.wall_ratio_vs_express_prom_bundle': ratio('time to import it', 'imported', 'wall'),
    'startup.made_ratio_vs_express_prom_bundle': ratio('CPU to import and make it', 'made', 'cpu'),
    'startup.auto_import_ms': figure(
      'CPU to load the preload in a process that serves no HTTP',
      'ms',
      spread(added('auto', 'imported', 'cpu')),
      { atMost: 40 },
    ),
    'startup.empty_cpu_ms': figure('an empty process: CPU', 'ms', spread(all('empty', 'imported', 'cpu'))),
    'startup.empty_wall_ms': figure('an empty process: time', 'ms', spread(all('empty', 'imported', 'wall'))),
    ...Object.assign(
      {},
      ...Object.entries(SIDES).map(([side, name]) => ({
        [`startup.${side}_cpu_ms`]: figure(`${name}: CPU to import it`, 'ms', spread(added(side, 'imported', 'cpu'))),
        [`startup.${side}_wall_ms`]: figure(
          `${name}: time to import it`,
          'ms',
          spread(added(side, 'imported', 'wall')),
        ),
        [`startup.${side}_made_cpu_ms`]: figure(
          `${name}: CPU to import and make it`,
          'ms',
          spread(added(side, 'made', 'cpu')),
        ),
      })),
    ),
  }
  return {
    benchmark: 'startup',
    machine: machine(['express-prom-bundle', 'prom-client']),
    settings,
    figures,
    checks: { processes: Object.values(results).flat().length },
  }
}

/** The ratio of two medians: a single short run is mostly noise, so its ratio has no meaning. */
function quotient(ours, theirs) {
  return { value: spread(ours).value / spread(theirs).value }
}
