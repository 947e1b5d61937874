import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/**
 * What it costs a worker to have its prom-client registries copied into its store, where nothing changed since the
 * last time: 1,000 samples, as counters with labels, as histograms, or as summaries.
 */
export async function copy({ quick }) {
  const settings = { rounds: quick ? 1 : 5, copies: quick ? 20 : 1000, samples: 1000 }
  const script = new URL('./copy/side.js', import.meta.url)
  const results = await alternate(settings.rounds, Object.keys(KINDS), kind =>
    inFreshProcess(script, { ...settings, kind }),
  )
  const ms = (kind, key) => spread(results[kind].map(result => result[key]))
  const figures = Object.fromEntries(
    Object.keys(KINDS).flatMap(kind => [
      [kind === 'mixed' ? MAIN : `copy.${kind}_ms`, figure(KINDS[kind], 'ms', ms(kind, 'ms'), REACH[kind])],
      [`copy.${kind}_reading_ms`, figure('of it, prom-client itself', 'ms', ms(kind, 'readingMs'))],
    ]),
  )
  const all = Object.values(results).flat()
  const checks = { equal: all.every(({ equal }) => equal), samples: results.mixed[0].samples }
  return { benchmark: 'copy', machine: machine(), settings, figures, checks }
}

const MAIN = 'copy.unchanged_1000_ms'
const REACH = { mixed: { atMost: 1 }, gauges: { atMost: 1 }, summaries: { atMost: 1 } }

/** What the 1,000 samples are; each figure is the CPU time of one copy. */
const KINDS = {
  mixed: '1,000 samples that stood still: 250 of a counter, 250 gauges, and half of histograms',
  counters: 'counters with two labels',
  gauges: 'a thousand gauges, each a metric of its own',
  histograms: 'histograms with 14 buckets',
  summaries: 'summaries with three quantiles',
}
