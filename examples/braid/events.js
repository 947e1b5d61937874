import { setTimeout as delay } from 'node:timers/promises'

/**
 * The events of the herd: signals to its primary and its workers, in an order that the seed determines. The process that
 * receives a signal depends on the processes that run at that moment, so two runs with the same seed are similar, not
 * equal.
 */

/** Each event and how often it is drawn, in parts of the sum. */
const EVENTS = [
  ['kill', 6],
  ['terminate', 2],
  ['stop', 2],
  ['reload', 2],
  ['scaleUp', 2],
  ['scaleDown', 2],
]

const WEIGHTS = EVENTS.reduce((sum, [, weight]) => sum + weight, 0)

/** How long a worker is paused by SIGSTOP. */
const STOP_MS = 700

export class Events {
  /** How often each event happened. */
  counts = Object.fromEntries(EVENTS.map(([name]) => [name, 0]))
  #primary
  #random
  #limits
  #target

  /** `primary` is the pid of the herd's primary, `workers` how many workers it has at the start. */
  constructor({ primary, workers, random }) {
    this.#primary = primary
    this.#random = random
    this.#limits = { least: Math.max(1, workers - 2), most: workers + 2 }
    this.#target = workers
  }

  /** Milliseconds until the next event. */
  pause() {
    return 300 + this.#random() * 1200
  }

  /** Makes the next event happen; `pids` are the workers that run. */
  async next(pids) {
    const name = this.#draw()
    const pid = pids[Math.floor(this.#random() * pids.length)]
    if (await this.#happens(name, pid)) this.counts[name]++
  }

  #draw() {
    let rest = this.#random() * WEIGHTS
    for (const [name, weight] of EVENTS) {
      rest -= weight
      if (rest < 0) return name
    }
    return EVENTS[0][0]
  }

  /** False if no signal was sent: no worker runs, or the herd has its minimum or maximum size. */
  async #happens(name, pid) {
    if (name === 'reload') return signal(this.#primary, 'SIGHUP')
    if (name === 'scaleUp') return this.#target < this.#limits.most && this.#scale(1, 'SIGTTIN')
    if (name === 'scaleDown') return this.#target > this.#limits.least && this.#scale(-1, 'SIGTTOU')
    if (pid === undefined) return false
    if (name === 'kill') return signal(pid, 'SIGKILL')
    if (name === 'terminate') return signal(pid, 'SIGTERM')
    if (!signal(pid, 'SIGSTOP')) return false
    await delay(STOP_MS)
    signal(pid, 'SIGCONT')
    return true
  }

  #scale(by, name) {
    this.#target += by
    return signal(this.#primary, name)
  }
}

/** False if the process has exited in the meantime. */
function signal(pid, name) {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
