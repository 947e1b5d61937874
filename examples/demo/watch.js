import { durationsOf, quantile, scrape, sum, workersOf } from './numbers.js'

const RATES_KEPT = 40

/** Scrapes the herd repeatedly, and computes the difference between two scrapes. */
export class Watch {
  /** The events of the workers, oldest first: `{ text, bad }`. */
  events = []
  kills = 0
  workers = []
  #url
  #startedAt = performance.now()
  #before
  #rates = []
  #victim

  constructor(url) {
    this.#url = url
  }

  get elapsed() {
    return (performance.now() - this.#startedAt) / 1000
  }

  /** One scrape. Returns the state for the screen. `received` is the count of the load generator. */
  async look() {
    const samples = await scrape(`${this.#url}/metrics`)
    const now = { at: performance.now(), workers: workersOf(samples), durations: durationsOf(samples) }
    const before = this.#before ?? now
    this.#before = now
    this.workers = now.workers
    const counted = countedIn(samples)
    const seconds = Math.max((now.at - before.at) / 1000, 0.001)
    const perWorker = this.#growth(now, before)
    const ended = perWorker.reduce((total, { requests }) => total + requests, 0)
    this.#rates = [...this.#rates, ended / seconds].slice(-RATES_KEPT)
    return {
      elapsed: this.elapsed,
      counted,
      rate: ended / seconds,
      rates: this.#rates,
      p99: quantile(0.99, now.durations, before.durations),
      workers: perWorker.map(worker => ({ ...worker, share: ended === 0 ? 0 : worker.requests / ended })),
      events: this.events,
    }
  }

  /** Kills one worker with SIGKILL, each time another one. Returns undefined if no worker is running. */
  kill() {
    const alive = this.workers.filter(({ pid }) => pid !== undefined)
    if (alive.length === 0) return undefined
    const { worker, pid } = alive[this.kills % alive.length]
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      return undefined // It has just exited by itself.
    }
    this.kills++
    this.#victim = { worker, pid, at: performance.now() }
    return this.#note(`${this.#clock()} worker ${worker} (pid ${pid}) killed with SIGKILL`, true)
  }

  /** Returns the event that the last killed worker has been replaced, once. */
  replaced() {
    const victim = this.#victim
    const now = victim && this.workers.find(({ worker }) => worker === victim.worker)
    if (now?.pid === undefined || now.pid === victim.pid) return undefined
    this.#victim = undefined
    return this.#note(`${this.#clock()} worker ${now.worker} is back as pid ${now.pid}`, false)
  }

  #growth(now, before) {
    return now.workers.map(each => {
      const earlier = before.workers.find(({ worker }) => worker === each.worker)?.requests ?? 0
      return { ...each, requests: each.requests - earlier }
    })
  }

  #note(text, bad) {
    const event = { text, bad }
    this.events.push(event)
    return event
  }

  #clock() {
    return `${this.elapsed.toFixed(1)} s`.padStart(7)
  }
}

/** The requests that the herd has counted, without those whose client has disconnected (499). */
export function countedIn(samples) {
  return sum(samples, 'http_requests_total', labels => labels.status_code !== '499')
}
