import { Agent, get } from 'node:http'
import { constants, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { settingsOfThisProcess } from '../lib/fresh.js'

/** The clients of the cluster, in a separate process: users or a scraper. It exits with its parent. */

const { mode, port, seconds, requests_per_second: rate } = settingsOfThisProcess()
/** The headers of Prometheus. */
const AS_PROMETHEUS = {
  Accept:
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  'Accept-Encoding': 'gzip',
}
const agents = { kept: new Agent({ keepAlive: true, maxSockets: 16 }), fresh: new Agent({ keepAlive: false }) }

if (mode === 'load') {
  // Connections are opened and code is compiled before the measurement.
  await Promise.all(Array.from({ length: rate }, (_, i) => ask('/', agentOf(i))))
  process.on('message', async () => {
    // The garbage of a run is collected before the next run, so that it does not delay its requests.
    globalThis.gc()
    process.send(await load())
  })
} else {
  // A real scraper runs on another machine. This one must not take CPU time from the measured processes.
  setPriority(constants.priority.PRIORITY_LOW)
  let isScraping = false
  let scraped
  process.on('message', async what => {
    isScraping = what === 'start'
    if (isScraping) scraped = scrape(() => isScraping)
    else process.send(await scraped)
  })
}
process.send({ ready: true })

/**
 * Requests at fixed times, even if earlier ones have no response yet, so that the time in a queue is measured too. Every
 * second request has a new connection, which the primary has to accept.
 */
async function load() {
  const startedAt = performance.now()
  const waits = { kept: [], fresh: [] }
  for (let i = 0; i < seconds * rate; i++) {
    const due = startedAt + (i * 1000) / rate
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    const agent = agentOf(i)
    waits[agent].push(ask('/', agent).then(() => performance.now() - due))
  }
  const kept = (await Promise.all(waits.kept)).sort((a, b) => a - b)
  const fresh = (await Promise.all(waits.fresh)).sort((a, b) => a - b)
  return { answered: kept.length + fresh.length, p99Ms: p99Of(kept), newConnectionsP99Ms: p99Of(fresh) }
}

/** Once a second, or when the previous scrape has ended. */
async function scrape(isToGoOn) {
  let scrapes = 0
  let failed = 0
  let longestMs = 0
  while (isToGoOn()) {
    const startedAt = performance.now()
    const { status } = await ask('/metrics', 'kept', AS_PROMETHEUS)
    const ms = performance.now() - startedAt
    longestMs = Math.max(longestMs, ms)
    if (status === 200) scrapes++
    else failed++
    await sleep(Math.max(0, 1000 - ms))
  }
  return { scrapes, failed, longestMs }
}

function agentOf(i) {
  return i % 2 === 0 ? 'kept' : 'fresh'
}

function p99Of(sorted) {
  return sorted[Math.floor(sorted.length * 0.99)]
}

function ask(path, agent, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path, agent: agents[agent], headers }, response => {
      response.on('end', () => resolve({ status: response.statusCode })).on('error', reject)
      response.resume()
    })
    sent.on('error', reject)
  })
}
