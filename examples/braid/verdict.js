import { setTimeout as delay } from 'node:timers/promises'
import { fetchText, parse, sum } from '../demo/numbers.js'
import { countedIn } from '../demo/watch.js'

/** The final numbers of the herd: read once nothing is in flight and two scrapes in a row agree. */
export async function settledNumbers(url) {
  const deadline = Date.now() + 30_000
  let last
  for (;;) {
    const text = await fetchText(`${url}/metrics`)
    const samples = parse(text)
    const numbers = {
      counted: countedIn(samples),
      aborted: sum(samples, 'http_requests_total', ({ status_code }) => status_code === '499'),
      lost: sum(samples, 'promherd_worker_lost_requests_total'),
      restarts: sum(samples, 'promherd_worker_restarts_total'),
      internalErrors: sum(samples, 'promherd_internal_errors_total'),
      counters: countersIn(text),
    }
    const isIdle = sum(samples, 'http_requests_in_flight') === 0
    if (isIdle && numbers.counted === last?.counted && numbers.lost === last.lost) return numbers
    if (Date.now() > deadline) throw new Error('The counts had not settled 30 s after the last response.')
    last = numbers
    await delay(200)
  }
}

/** The names of all samples that must never decrease. */
function countersIn(text) {
  const names = []
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (type === 'counter') names.push(name)
    if (type === 'histogram') names.push(`${name}_bucket`, `${name}_count`, `${name}_sum`)
  }
  return names
}

/**
 * Compares the responses of the clients with the counts of the herd. Each complete response must be counted, or its
 * request must be among those that an exited worker had in flight; `missing` is the number of others. Each counted
 * response must have been received completely, or its connection must have been closed; `invented` is the number of
 * others.
 */
export function judge({ load, herd, prometheus }) {
  return {
    missing: Math.max(0, load.received - herd.counted - herd.lost),
    invented: Math.max(0, herd.counted - load.received - load.broken),
    resets: prometheus.fell.reduce((total, { resets }) => total + resets, 0),
  }
}

export function verdictLines({ load, herd, prometheus, events, seed, judged }) {
  const happened = Object.entries(events).map(([name, count]) => `${name} ${count}`)
  return [
    `clients: ${load.received} responses received, ${load.broken} connections broken, ${load.refused} refused`,
    `herd: ${herd.counted} counted, ${herd.aborted} aborted by the client, ${herd.lost} lost with their worker, ${herd.restarts} restarts, ${herd.internalErrors} internal errors`,
    `events: ${happened.join(', ')}; seed ${seed}`,
    `Prometheus: ${prometheus.scrapes} scrapes, ${prometheus.failed} failed, ${judged.resets} resets${fallen(prometheus)}`,
    `braid: received=${load.received} counted=${herd.counted} lost=${herd.lost} missing=${judged.missing} invented=${judged.invented} resets=${judged.resets}`,
  ]
}

function fallen({ fell }) {
  return fell.length === 0 ? '' : ` (${fell.map(({ name, resets }) => `${name}: ${resets}`).join(', ')})`
}
