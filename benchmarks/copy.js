import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/**
 * The CPU time of copying the prom-client registries of a worker into its store: the counts of 1,000 series ten times a
 * second, no work in an idle worker, and a whole copy, with all asynchronous metrics, before the worker itself is read.
 */
export async function copy({ quick }) {
  const settings = {
    rounds: quick ? 1 : 5,
    copies: quick ? 20 : 1000,
    samples: 1000,
    scans: quick ? 20 : 500,
    turns: quick ? 20 : 2000,
    idleMs: quick ? 500 : 3000,
  }
  const whole = await wholeCopies(settings)
  const scans = await scansOf(settings)
  const beside = await besideTheProgram(settings)
  const figures = { ...whole.figures, ...scans, ...beside }
  return { benchmark: 'copy', machine: machine(), settings, figures, checks: whole.checks }
}

/** The 1,000 samples of each kind. Each figure is the CPU time of one copy. */
const KINDS = {
  mixed: '1,000 unchanged samples: 250 of a counter, 250 gauges, 500 of histograms',
  counters: 'counters with two labels',
  gauges: 'a thousand gauges, each a separate metric',
  histograms: 'histograms with 14 buckets',
  summaries: 'summaries with three quantiles',
}
const MAIN = 'copy.unchanged_1000_ms'
const REACH = { mixed: { atMost: 1 }, gauges: { atMost: 1 }, summaries: { atMost: 1 } }

async function wholeCopies({ rounds, ...settings }) {
  const script = new URL('./copy/side.js', import.meta.url)
  const results = await alternate(rounds, Object.keys(KINDS), kind => inFreshProcess(script, { ...settings, kind }))
  const ms = (kind, key) => spread(results[kind].map(result => result[key]))
  const figures = Object.fromEntries(
    Object.keys(KINDS).flatMap(kind => [
      [kind === 'mixed' ? MAIN : `copy.${kind}_ms`, figure(KINDS[kind], 'ms', ms(kind, 'ms'), REACH[kind])],
      [`copy.${kind}_reading_ms`, figure('of that time, prom-client itself', 'ms', ms(kind, 'readingMs'))],
    ]),
  )
  const all = Object.values(results).flat()
  const checks = { equal: all.every(({ equal }) => equal), samples: results.mixed[0].samples }
  return { figures, checks }
}

/** The share of 1,000 series of all kinds that has changed since the previous copy. */
const SHARES = { none: 0, some: 0.1, all: 1 }
const SCANS_PER_SECOND = 10

async function scansOf({ rounds, scans }) {
  const script = new URL('./copy/scan.js', import.meta.url)
  const results = await alternate(rounds, Object.keys(SHARES), share =>
    inFreshProcess(script, { share: SHARES[share], scans }),
  )
  const percent = share => spread(results[share].map(({ ms }) => (ms * SCANS_PER_SECOND * 100) / 1000))
  const row = (what, share) => figure(what, '%', percent(share), { atMost: 1 })
  return {
    'copy.busy_percent': row('of a core, with 1,000 series that all change between two copies', 'all'),
    'copy.busy_tenth_percent': row('of a core, with a tenth of them changing', 'some'),
    'copy.busy_none_percent': row('of a core, for a busy worker without changes', 'none'),
  }
}

async function besideTheProgram({ rounds, turns, idleMs }) {
  const script = new URL('./copy/busy.js', import.meta.url)
  const results = await alternate(rounds, ['none', 'copied'], side => inFreshProcess(script, { side, turns, idleMs }))
  const of = (side, key) => results[side].map(result => result[key])
  return {
    'copy.counting_ns': figure(
      'one recording of prom-client, CPU time, without promherd',
      'ns',
      spread(of('none', 'ns')),
    ),
    'copy.counting_copied_ns': figure('the same including the copy', 'ns', spread(of('copied', 'ns'))),
    'copy.idle_wakes': figure(
      'wake-ups a second of an idle worker because of its 1,000 series',
      '',
      spread(of('copied', 'wakes').map((wakes, round) => wakes - of('none', 'wakes')[round])),
      { atMost: 0.5 },
    ),
  }
}
