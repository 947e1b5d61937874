import cluster from 'node:cluster'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'

/**
 * What both sides of the scrape do alike: the primary forks workers, which fill their series, then scrapes three
 * times, cold, warm, and after some series have changed, and says how long each took and what it did to whom.
 */

export const FAMILY = 'bench_duration_seconds'

/** Runs the primary: `scrape` answers the exposition in pieces. */
export async function lead(settings, scrape, clean = () => {}) {
  const workers = Array.from({ length: settings.processes ?? settings.workers }, (_, i) =>
    cluster.fork({ BENCH_WORKER: String(i + 1) }),
  )
  await Promise.all(workers.map(worker => once(worker, 'message')))
  const result = { first: await take(scrape) }
  // Once for nothing: being watched costs a worker more the first time.
  await watched(workers, () => sleep(5))
  result.second = await take(scrape)
  result.turns = []
  for (let turn = 0; turn < (settings.turns ?? 1); turn++) result.turns.push(await felt(workers, scrape))
  await askAll(workers, 'change')
  const { pieces, ...changed } = await take(scrape, true)
  result.changed = changed
  result.rssMb = process.memoryUsage().rss / 1e6
  result.peakMb = process.resourceUsage().maxRSS / 1e3
  Object.assign(result, pieces === undefined ? { failed: true } : digestOf(pieces.join(''), [FAMILY]))
  await Promise.all(workers.map(worker => [worker.disconnect(), once(worker, 'exit')][1]))
  await clean()
  answer(result)
}

/** Runs a worker: `change` observes once more in every hundredth series. */
export function work({ fill, change }) {
  fill()
  const delay = monitorEventLoopDelay({ resolution: 5 })
  let cpu
  const answers = {
    change,
    watch() {
      delay.enable()
      delay.reset()
      cpu = process.cpuUsage()
    },
    seen() {
      const { user, system } = process.cpuUsage(cpu)
      delay.disable()
      return { cpuMs: (user + system) / 1000, blockMs: delay.max / 1e6 }
    },
  }
  process.on('message', ({ ask }) => {
    if (ask in answers) process.send({ answered: ask, ...answers[ask]() })
  })
  process.send({ ready: true })
}

/**
 * What the workers feel of a scrape, and of two spans as long in which there is none: nobody does anything, or the
 * primary is busy with something else, which shows what comes of there being more processes than processors.
 */
async function felt(workers, scrape) {
  let ms = 0
  const scraped = await watched(workers, async () => {
    ms = (await take(scrape)).ms
  })
  const idle = await watched(workers, () => take(() => sleep(ms).then(() => ({}))))
  const busy = await watched(workers, () => take(() => spin(ms)))
  return { scraped, idle, busy }
}

/** Busy for so long, in turns as short as those of a scrape. */
async function spin(ms) {
  const until = performance.now() + ms
  while (performance.now() < until) {
    const turn = performance.now() + 0.5
    while (performance.now() < turn);
    await new Promise(resolve => setImmediate(resolve))
  }
  return {}
}

/** What the workers did while something was going on: their CPU in all, and the longest block of any. */
async function watched(workers, act) {
  await askAll(workers, 'watch')
  await act()
  const seen = await askAll(workers, 'seen')
  return { cpuMs: sum(seen.map(({ cpuMs }) => cpuMs)), blockMs: Math.max(...seen.map(({ blockMs }) => blockMs)) }
}

/** Which workers' series this process has: its own, or those of several where processes are fewer. */
export function workersHere({ workers, processes = workers }) {
  const first = Number(process.env.BENCH_WORKER)
  return Array.from({ length: workers }, (_, i) => i + 1).filter(worker => (worker - first) % processes === 0)
}

async function take(scrape, keep = false) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await sleep(5)
  delay.reset()
  // It measures from one of its timers to the next: the first has to be over, or the first block is not seen.
  await sleep(5)
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const found = await scrape().catch(error => ({ error: String(error) }))
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  // A block is seen by the timer that it delayed: that timer must have its turn.
  await sleep(5)
  delay.disable()
  const { pieces, ...rest } = found
  return { ms, cpuMs: (user + system) / 1000, blockMs: delay.max / 1e6, ...rest, ...(keep ? { pieces } : {}) }
}

function askAll(workers, ask) {
  return Promise.all(
    workers.map(
      worker =>
        new Promise(resolve => {
          const hear = message => {
            if (message.answered !== ask) return
            worker.off('message', hear)
            resolve(message)
          }
          worker.on('message', hear)
          worker.send({ ask })
        }),
    ),
  )
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
