import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/** The cost of a scrape of several workers, and which processes it blocks. */
export async function scrape({ quick, workers = quick ? 2 : 8, series = quick ? 20 : 10_000 }) {
  const large = workers * series > 20_000
  const settings = { rounds: quick ? 1 : ROUNDS, prom_client_rounds: quick || large ? 1 : ROUNDS, workers, series }
  const scripts = { promherd: './scrape/promherd.js', prom_client: './scrape/prom-client.js' }
  const turns = { promherd: quick ? 1 : 15, prom_client: 1 }
  const measure = side => inFreshProcess(new URL(scripts[side], import.meta.url), { ...settings, turns: turns[side] })
  const results = await alternate(settings.prom_client_rounds, Object.keys(scripts), measure)
  while (results.promherd.length < settings.rounds) results.promherd.push(await measure('promherd'))
  const { promherd, prom_client: rival } = results
  const ratio = (what, above, below, reach) => figure(what, '', { value: above / below }, reach)
  const ms = (results, take) => medianOf(results, take, 'ms').value
  const figures = {
    'scrape.ratio_vs_prom_client': ratio(
      'the time of prom-client divided by that of promherd, after 1 % of the series changed',
      ms(rival, 'changed'),
      ms(promherd, 'changed'),
      { atLeast: large ? 100 : 20 },
    ),
    'scrape.ratio_first_vs_prom_client': ratio(
      'the time of prom-client divided by that of promherd, first scrape',
      ms(rival, 'first'),
      ms(promherd, 'first'),
    ),
    'scrape.second_vs_first_ratio': ratio(
      'the scrape after 1 % of the series changed, relative to the first',
      ms(promherd, 'changed'),
      ms(promherd, 'first'),
      { atMost: 0.333 },
    ),
    'scrape.primary_max_block_ms': figure(
      "the primary's longest block in any scrape, including the first",
      'ms',
      spread(promherd.map(({ first, second, changed }) => Math.max(...[first, second, changed].map(t => t.blockMs)))),
      { atMost: 10 },
    ),
    ...figuresOf('scrape', 'promherd', promherd),
    'scrape.snapshot_ms': figure(
      'of that time, reading and summing the stores',
      'ms',
      medianOf(promherd, 'changed', 'snapshotMs'),
    ),
    'scrape.encode_ms': figure('of that time, writing the text', 'ms', medianOf(promherd, 'changed', 'encodeMs')),
    ...figuresOf('scrape.prom_client', 'prom-client', rival),
  }
  return { benchmark: 'scrape', machine: machine(), settings, figures, checks: checksOf(promherd, rival) }
}

/** With many series, prom-client needs a minute for a round, so it has only one. */
const ROUNDS = 5

function figuresOf(prefix, name, results) {
  const ms = (what, take, of) => figure(`${name}, ${what}`, 'ms', medianOf(results, take, of))
  return {
    [`${prefix}.first_ms`]: ms('the first scrape', 'first', 'ms'),
    [`${prefix}.second_ms`]: ms('the second', 'second', 'ms'),
    [`${prefix}.changed_ms`]: ms('the third, after 1 % of the series changed', 'changed', 'ms'),
    [`${prefix}.first_block_ms`]: ms("the primary's longest block, first scrape", 'first', 'blockMs'),
    [`${prefix}.block_ms`]: ms("the primary's longest block, third scrape", 'changed', 'blockMs'),
    ...feltFigures(`${prefix}.worker_cpu`, 'CPU of all workers', name, results, 'cpuMs', 'idle'),
    // With fewer processors than processes, each busy process makes the others wait. So a scrape is compared to spans in
    // which the primary is as busy, and does not access the workers.
    ...feltFigures(
      `${prefix}.worker_max_block`,
      'longest event loop block of any worker',
      name,
      results,
      'blockMs',
      'busy',
    ),
  }
}

/** The reach: the maximum of the spans of `control`, since these differ too. */
function feltFigures(key, what, name, results, of, control) {
  const turns = results.flatMap(result => result.turns)
  const during = span => spread(turns.map(turn => turn[span][of]))
  const reach = name === 'promherd' ? { atMost: Number(during(control).max.toPrecision(3)) } : undefined
  return {
    [`${key}_ms`]: figure(`${name}, ${what} during a scrape`, 'ms', during('scraped'), reach),
    [`${key}_control_ms`]: figure(`${name}, the same over an equal time without a scrape`, 'ms', during('idle')),
    [`${key}_busy_ms`]: figure(`${name}, the same over an equal time with a busy primary`, 'ms', during('busy')),
  }
}

function medianOf(results, take, of) {
  return spread(results.map(result => result[take][of]))
}

/** Whether both sides export the same numbers, and how often prom-client would have reached its own timeout. */
function checksOf(promherd, rival) {
  const answers = [...promherd, ...rival]
  const takes = rival.flatMap(({ first, second, changed }) => [first, second, changed])
  const timeouts = takes.filter(({ ms }) => ms > 5000).length
  const equal = answers.every(({ failed }) => !failed) && new Set(answers.map(({ digest }) => digest)).size === 1
  return { equal, samples: promherd[0].samples, prom_client_timeouts: timeouts }
}
