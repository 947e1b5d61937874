import { setTimeout as delay } from 'node:timers/promises'
import { scrape, workersOf } from '../demo/numbers.js'
import { startHerd, startLoad } from '../demo/processes.js'
import { Events } from './events.js'
import { BadOption, readOptions } from './options.js'
import { startPrometheus } from './prometheus.js'
import { randomFrom } from './random.js'
import { judge, settledNumbers, verdictLines } from './verdict.js'

/**
 * The braid: a herd under counted load with all kinds of events at the same time. Workers are killed, terminated and
 * paused, the herd is reloaded and scaled, and a Prometheus scrapes it each second. At the end, each response that a
 * client received must be counted, and no counter may have decreased. Otherwise the exit code is 1.
 */
const CONNECTIONS = 16
const REPORT_EVERY_MS = 10_000

const interrupted = new AbortController()

async function main(args) {
  const options = readOptions(args)
  say(`${options.framework}, ${options.workers} workers, ${options.minutes} minutes, seed ${options.seed}`)
  const herd = await startHerd(options)
  const prometheus = await startPrometheus(`${herd.url}/metrics`).catch(async error => {
    await herd.stop()
    throw error
  })
  const load = startLoad({ port: herd.port, connections: CONNECTIONS, pauseMs: options.pauseMs })
  try {
    const events = new Events({ primary: herd.pid, workers: options.workers, random: randomFrom(options.seed) })
    await runEvents({ options, herd, load, events })
    const received = await load.finish()
    const counted = await settledNumbers(herd.url)
    const seen = await prometheus.resets(counted.counters)
    const judged = judge({ load: received, herd: counted, prometheus: seen })
    const { counts } = events
    const lines = verdictLines({
      load: received,
      herd: counted,
      prometheus: seen,
      events: counts,
      seed: options.seed,
      judged,
    })
    for (const line of lines) say(line)
    return judged.missing + judged.invented + judged.resets === 0 ? 0 : 1
  } finally {
    await load.stop()
    await prometheus.stop()
    await herd.stop()
  }
}

async function runEvents({ options: { minutes }, herd, load, events }) {
  const startedAt = Date.now()
  const endsAt = startedAt + minutes * 60_000
  let nextReport = startedAt + REPORT_EVERY_MS
  while (!interrupted.signal.aborted && Date.now() < endsAt) {
    await delay(Math.min(events.pause(), Math.max(endsAt - Date.now(), 1)), undefined, {
      signal: interrupted.signal,
    }).catch(() => {})
    // On a machine without a free processor a scrape can fail. Prometheus counts those, and the next event waits.
    const pids = await runningPids(herd).catch(() => undefined)
    if (pids !== undefined) await events.next(pids)
    if (Date.now() < nextReport) continue
    nextReport += REPORT_EVERY_MS
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    say(`${seconds} s: ${load.tally.received} responses received, ${load.tally.broken} connections broken`)
  }
}

async function runningPids({ url }) {
  const workers = workersOf(await scrape(`${url}/metrics`))
  return workers.map(({ pid }) => pid).filter(pid => pid !== undefined)
}

function say(line) {
  process.stdout.write(`${line}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort())

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof BadOption ? error.message : error.stack}\n`)
  process.exitCode = error instanceof BadOption ? 2 : 1
}
