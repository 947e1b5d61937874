import { setTimeout as delay } from 'node:timers/promises'
import { scrape, sum } from './numbers.js'
import { count, number } from './screen.js'
import { countedIn } from './watch.js'

/** The counts of the herd when no request is in flight and two consecutive scrapes are equal. */
export async function settledCount(url) {
  const deadline = Date.now() + 15_000
  let last
  for (;;) {
    const samples = await scrape(`${url}/metrics`)
    const counted = countedIn(samples)
    if (sum(samples, 'http_requests_in_flight') === 0 && counted === last) return counted
    if (Date.now() > deadline) throw new Error('The counts had not settled 15 s after the last response.')
    last = counted
    await delay(200)
  }
}

/**
 * Compares the responses of the clients with the counts of the herd.
 *
 * A request in flight on a killed worker can differ in both directions: its response was sent and not counted, or it was
 * counted and its response was cut off. In each case its connection was closed, which the load generator counted. It has
 * one request at a time on each connection, so a kill affects at most all of them.
 */
export function compare({ received, broken, counted, kills, connections }) {
  const inFlight = Math.min(broken, kills * connections)
  const missing = received - counted
  return { received, counted, kills, inFlight, missing, lost: Math.max(0, missing - inFlight) }
}

/** The verdict in two lines: one for people, and one with the figures for programs. */
export function verdictLines({ received, counted, kills, inFlight, missing, lost }) {
  return [reason({ received, counted, kills, inFlight, missing, lost }), figures({ received, counted, kills, lost })]
}

function figures({ received, counted, kills, lost }) {
  return `demo: received=${received} counted=${counted} lost=${lost} kills=${kills}`
}

function reason({ received, counted, inFlight, missing, lost }) {
  const basis = `${count(received, 'response')} received, ${number(counted)} counted; ${count(inFlight, 'request')} in flight at the kills, which may differ either way`
  if (lost > 0) return `${basis}: ${count(lost, 'response')} more than that lost.`
  if (missing > 0) return `${basis}: ${number(missing)} of them received and not counted.`
  if (missing < 0) return `${basis}: ${number(-missing)} counted whose response broke off with its worker.`
  return `${basis}: every response counted.`
}
