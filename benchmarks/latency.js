import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/** What the application's requests feel of a scrape a second. */
export async function latency({ quick, workers = quick ? 2 : 8, series = quick ? 20 : 10_000 }) {
  const settings = { rounds: quick ? 1 : 2, workers, series, seconds: quick ? 1 : 4, requests_per_second: 200 }
  const sides = {
    unscraped: { side: 'promherd', scraped: false },
    scraped: { side: 'promherd', scraped: true },
    prom_client: { side: 'prom_client', scraped: true },
  }
  const results = await alternate(settings.rounds, Object.keys(sides), name =>
    inFreshProcess(new URL('./latency/primary.js', import.meta.url), { ...settings, ...sides[name] }),
  )
  const p99 = name => spread(results[name].map(({ p99Ms }) => p99Ms))
  const unscraped = p99('unscraped')
  const figures = {
    'scrape.p99_ms': figure('p99 of requests, scraped once a second', 'ms', p99('scraped'), {
      atMost: Number(unscraped.max.toPrecision(3)),
    }),
    'scrape.p99_unscraped_ms': figure('p99 of requests, not scraped', 'ms', unscraped),
    'scrape.p99_prom_client_ms': figure('p99 of requests, prom-client scraped once a second', 'ms', p99('prom_client')),
  }
  const all = Object.values(results).flat()
  const checks = {
    equal: all.every(({ answered }) => answered === settings.seconds * settings.requests_per_second),
    scrapes: sumOf(results.scraped),
    prom_client_scrapes: sumOf(results.prom_client),
  }
  return { benchmark: 'latency', machine: machine(), settings, figures, checks }
}

function sumOf(results) {
  return results.reduce((sum, { scrapes }) => sum + scrapes, 0)
}
