import { inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/**
 * The delay of the application's requests by one scrape a second, sent as Prometheus does. Each round is a new cluster,
 * in which runs with and without scrapes take turns. Every second round begins with the other kind.
 */
export async function latency({ quick, workers = quick ? 2 : 8, series = quick ? 20 : 10_000 }) {
  const settings = {
    rounds: quick ? 1 : 4,
    workers,
    series,
    seconds: quick ? 1 : 4,
    requests_per_second: quick ? 100 : 400,
  }
  const promherd = []
  for (let round = 0; round < settings.rounds; round++) {
    const runs = quick ? [false, true] : TURNS.map(scraped => scraped === (round % 2 === 0))
    promherd.push(
      await inFreshProcess(SCRIPT, { ...settings, side: 'promherd', warm_up_runs: quick ? 0 : WARM_UP_RUNS, runs }),
    )
  }
  const rival = await measureRival({
    ...settings,
    side: 'prom_client',
    warm_up_runs: 0,
    runs: quick ? [true] : [true, true],
  })
  const runs = promherd.flatMap(round => round.runs)
  const ofRival = key => spread(rival.runs.map(run => run[key]))
  const figures = {
    ...pairOf('scrape.p99', 'requests on keep-alive connections', runs, 'p99Ms'),
    ...pairOf('scrape.p99_new_connections', 'requests on new connections', runs, 'newConnectionsP99Ms'),
  }
  if (rival.runs.length > 0) {
    const ms = (what, key) => figure(what, 'ms', ofRival(key))
    figures['scrape.p99_prom_client_ms'] = ms('the same with prom-client, keep-alive connections', 'p99Ms')
    figures['scrape.p99_new_connections_prom_client_ms'] = ms(
      'the same with prom-client, new connections',
      'newConnectionsP99Ms',
    )
    figures['scrape.p99_longest_prom_client_ms'] = ms('its longest scrape meanwhile', 'longestMs')
  }
  const expected = settings.seconds * settings.requests_per_second
  const all = [...runs, ...rival.runs]
  const checks = {
    equal: all.every(({ answered }) => answered === expected),
    requests_a_run: expected,
    scrapes: sumOf(runs, 'scrapes'),
    prom_client_scrapes: sumOf(rival.runs, 'scrapes'),
    prom_client_timeouts: sumOf(rival.runs, 'failed'),
    ...(rival.leftOut === undefined ? {} : { left_out: rival.leftOut }),
  }
  return { benchmark: 'latency', machine: machine(), settings, figures, checks }
}

const SCRIPT = new URL('./latency/primary.js', import.meta.url)
/** About 40 s after the start, V8 collects the garbage of most workers in the same second. The warm-up lasts longer. */
const WARM_UP_RUNS = 12
const TURNS = [false, true, true, false, false, true, true, false]
/** Each scrape delays the primary of prom-client by seconds. Runs that take longer are not waited for. */
const RIVAL_MS = 60_000

async function measureRival(settings) {
  try {
    return await inFreshProcess(SCRIPT, settings, { timeout: RIVAL_MS })
  } catch (error) {
    return { runs: [], leftOut: `prom-client: it did not end within ${RIVAL_MS / 1000} s (${error.message})` }
  }
}

/**
 * The reach: the median of the runs with scrapes is at most the upper quartile of the runs without. (The maximum of
 * these would be a run that another process has disturbed, which is too easy to reach.)
 */
function pairOf(key, what, runs, field) {
  const of = wanted => runs.filter(({ scraped }) => scraped === wanted).map(run => run[field])
  const atMost = Number(upperQuartileOf(of(false)).toPrecision(3))
  return {
    [`${key}_ms`]: figure(`p99 of ${what}, scraped once a second`, 'ms', spread(of(true)), { atMost }),
    [`${key}_unscraped_ms`]: figure(`p99 of ${what}, not scraped`, 'ms', spread(of(false))),
  }
}

function upperQuartileOf(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length * 0.75) - 1]
}

function sumOf(runs, key) {
  return runs.reduce((sum, run) => sum + run[key], 0)
}
