import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/** What a scrape of several workers costs, and whom it holds up. */
export async function scrape({ quick, workers = quick ? 2 : 4, series = quick ? 20 : 1_000 }) {
  const large = workers * series > 20_000
  const settings = { rounds: quick || large ? 1 : 3, workers, series }
  const scripts = { promherd: './scrape/promherd.js', prom_client: './scrape/prom-client.js' }
  const results = await alternate(settings.rounds, Object.keys(scripts), side =>
    inFreshProcess(new URL(scripts[side], import.meta.url), settings),
  )
  const { promherd, prom_client: rival } = results
  const ratio = (take, reach) =>
    figure(
      `how many times prom-client's time, ${take} scrape`,
      '',
      { value: medianOf(rival, take, 'ms').value / medianOf(promherd, take, 'ms').value },
      reach,
    )
  const figures = {
    'scrape.ratio_vs_prom_client': ratio('changed', { atLeast: large ? 100 : 20 }),
    'scrape.ratio_first_vs_prom_client': ratio('first'),
    ...figuresOf('scrape', 'promherd', promherd),
    'scrape.snapshot_ms': figure('of it, reading and adding up', 'ms', medianOf(promherd, 'changed', 'snapshotMs')),
    'scrape.encode_ms': figure('of it, writing the text', 'ms', medianOf(promherd, 'changed', 'encodeMs')),
    ...figuresOf('scrape.prom_client', 'prom-client', rival),
  }
  return { benchmark: 'scrape', machine: machine(), settings, figures, checks: checksOf(promherd, rival) }
}

function figuresOf(prefix, name, results) {
  const ms = (what, take, of) => figure(`${name}, ${what}`, 'ms', medianOf(results, take, of))
  const rounds = results.map(({ workersCpuMs }) => workersCpuMs)
  return {
    [`${prefix}.first_ms`]: ms('the first scrape', 'first', 'ms'),
    [`${prefix}.second_ms`]: ms('the second', 'second', 'ms'),
    [`${prefix}.changed_ms`]: ms('the third, after 1 % of the series changed', 'changed', 'ms'),
    [`${prefix}.first_block_ms`]: ms("the primary's longest block, first scrape", 'first', 'blockMs'),
    [`${prefix}.block_ms`]: ms("the primary's longest block, third scrape", 'changed', 'blockMs'),
    [`${prefix}.workers_cpu_ms`]: figure(`${name}, CPU of all workers during the second`, 'ms', spread(rounds)),
  }
}

function medianOf(results, take, of) {
  return spread(results.map(result => result[take][of]))
}

/** Whether both sides export the same numbers; unknown where the rival gave none in its five seconds. */
function checksOf(promherd, rival) {
  const answers = [...promherd, ...rival]
  const timedOut = rival.filter(({ failed }) => failed).length
  const digests = new Set(answers.filter(({ failed }) => !failed).map(({ digest }) => digest))
  const equal = digests.size > 1 ? false : timedOut === rival.length ? 'unknown' : true
  return { equal, samples: promherd[0].samples, prom_client_timeouts: timedOut }
}
