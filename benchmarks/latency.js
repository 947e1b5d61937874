import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/**
 * What the application's requests feel of a scrape a second. Each round is a cluster of its own, in which runs with and
 * without scrapes take turns.
 */
export async function latency({ quick, workers = quick ? 2 : 8, series = quick ? 20 : 10_000 }) {
  const settings = { rounds: quick ? 1 : 2, workers, series, seconds: quick ? 1 : 4, requests_per_second: 400 }
  const { promherd } = await alternate(settings.rounds, ['promherd'], side =>
    inFreshProcess(SCRIPT, { ...settings, side, warm_up_runs: quick ? 0 : 3, runs: quick ? [false, true] : TURNS }),
  )
  const rival = await measureRival({
    ...settings,
    side: 'prom_client',
    warm_up_runs: 0,
    runs: quick ? [true] : [true, true],
  })
  const runs = promherd.flatMap(round => round.runs)
  const of = (scraped, key) => spread(runs.filter(run => run.scraped === scraped).map(run => run[key]))
  const ofRival = key => spread(rival.runs.map(run => run[key]))
  const figures = {
    ...pairOf('scrape.p99', 'requests on kept connections', of, 'p99Ms'),
    ...pairOf('scrape.p99_new_connections', 'requests on new connections', of, 'newConnectionsP99Ms'),
  }
  if (rival.runs.length > 0) {
    const ms = (what, key) => figure(what, 'ms', ofRival(key))
    figures['scrape.p99_prom_client_ms'] = ms('the same with prom-client, kept connections', 'p99Ms')
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
const TURNS = [false, true, true, false, false, true, true, false]
/** Its primary falls behind by seconds for each scrape: what it has not done by then is not waited for. */
const RIVAL_MS = 60_000

async function measureRival(settings) {
  try {
    return await inFreshProcess(SCRIPT, settings, { timeout: RIVAL_MS })
  } catch (error) {
    return { runs: [], leftOut: `prom-client: it did not end within ${RIVAL_MS / 1000} s (${error.message})` }
  }
}

/** The reach: runs in which nobody scrapes differ among themselves, and those with scrapes are no worse. */
function pairOf(key, what, of, field) {
  const unscraped = of(false, field)
  return {
    [`${key}_ms`]: figure(`p99 of ${what}, scraped once a second`, 'ms', of(true, field), {
      atMost: Number(unscraped.max.toPrecision(3)),
    }),
    [`${key}_unscraped_ms`]: figure(`p99 of ${what}, not scraped`, 'ms', unscraped),
  }
}

function sumOf(runs, key) {
  return runs.reduce((sum, run) => sum + run[key], 0)
}
