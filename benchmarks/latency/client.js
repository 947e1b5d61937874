import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { settingsOfThisProcess } from '../lib/fresh.js'

/** The other side of the cluster, in a process of its own: its users, or who scrapes it. */

const { mode, port, seconds, requests_per_second: rate } = settingsOfThisProcess()
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
process.send(await (mode === 'load' ? load() : scrape()), () => process.disconnect())

/** Requests at fixed times, whether the ones before were answered or not: who waits in a queue waits, too. */
async function load() {
  await Promise.all(Array.from({ length: rate }, () => ask()))
  const startedAt = performance.now()
  const waits = []
  for (let i = 0; i < seconds * rate; i++) {
    const due = startedAt + (i * 1000) / rate
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    waits.push(ask().then(() => performance.now() - Math.max(due, startedAt)))
  }
  const times = (await Promise.all(waits)).sort((a, b) => a - b)
  return { answered: times.length, p99Ms: times[Math.floor(times.length * 0.99)], maxMs: times.at(-1) }
}

/** Once a second, or as soon as the one before has ended. */
async function scrape() {
  let scrapes = 0
  let isStopped = false
  process.once('message', () => {
    isStopped = true
  })
  while (!isStopped) {
    const startedAt = performance.now()
    const { status } = await ask('/metrics')
    if (status === 200) scrapes++
    await sleep(Math.max(0, Math.min(1000, 1000 - (performance.now() - startedAt))))
  }
  return { scrapes }
}

function ask(path = '/') {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path, agent }, response => {
      response.on('end', () => resolve({ status: response.statusCode })).on('error', reject)
      response.resume()
    })
    sent.on('error', reject)
  })
}
