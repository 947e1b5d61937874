import cluster from 'node:cluster'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'

/**
 * The common part of both sides: the primary forks workers, which fill their series, and then scrapes three times:
 * cold, warm, and after some series have changed. It reports the time of each scrape and its effect on each process.
 */

export const FAMILY = 'bench_duration_seconds'

/** Runs the primary. `scrape` returns the exposition in chunks. */
export async function lead(settings, scrape, clean = () => {}) {
  const workers = Array.from({ length: settings.processes ?? settings.workers }, (_, i) =>
    cluster.fork({ BENCH_WORKER: String(i + 1) }),
  )
  await Promise.all(workers.map(worker => once(worker, 'message')))
  const result = { first: await take(scrape) }
  // A first call without a result, since the first measurement in a worker takes longer.
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

/** Runs a worker. `change` adds an observation to every hundredth series. */
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
 * The effect on the workers of a scrape, and of two equal spans without one: an idle one, and one with a busy primary,
 * which shows the effect of more processes than processors.
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

/** Busy for `ms` milliseconds, in turns as short as those of a scrape. */
async function spin(ms) {
  const until = performance.now() + ms
  while (performance.now() < until) {
    const turn = performance.now() + 0.5
    while (performance.now() < turn);
    await new Promise(resolve => setImmediate(resolve))
  }
  return {}
}

/** The effect of `act` on the workers: their total CPU time, and the longest block of any worker. */
async function watched(workers, act) {
  await askAll(workers, 'watch')
  await act()
  const seen = await askAll(workers, 'seen')
  return { cpuMs: sum(seen.map(({ cpuMs }) => cpuMs)), blockMs: Math.max(...seen.map(({ blockMs }) => blockMs)) }
}

/** The workers whose series this process has: its own, or several if there are fewer processes than workers. */
export function workersHere({ workers, processes = workers }) {
  const first = Number(process.env.BENCH_WORKER)
  return Array.from({ length: workers }, (_, i) => i + 1).filter(worker => (worker - first) % processes === 0)
}

async function take(scrape, keep = false) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await sleep(5)
  delay.reset()
  // The monitor measures from one of its timers to the next. The first timer must have fired before the first block.
  await sleep(5)
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const found = await scrape().catch(error => ({ error: String(error) }))
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  // The timer that a block has delayed measures it, so that timer must fire first.
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
          const receive = message => {
            if (message.answered !== ask) return
            worker.off('message', receive)
            resolve(message)
          }
          worker.on('message', receive)
          worker.send({ ask })
        }),
    ),
  )
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
