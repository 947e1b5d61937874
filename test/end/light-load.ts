import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { until } from '../support/until.ts'

/** A few requests at a time, so that a process that ends always has some before it and none of them waits for long. */

/** How long a lane waits between two requests: some hundred requests are sent while a herd is reloaded. */
const PAUSE_MS = 40
/** A request without an answer by then has failed. */
const TIMEOUT_MS = 20_000

export interface LightLoadOptions {
  /** Lanes whose connections are used for one request each. @default 3 */
  readonly fresh?: number
  /** Lanes that keep their connection. @default 0 */
  readonly kept?: number
}

export class LightLoad {
  answered = 0
  /** Why requests were not answered with 200 and a whole body. */
  readonly failures: string[] = []
  readonly #lanes: Promise<void>[]
  #isOver = false

  constructor(port: number, { fresh = 3, kept = 0 }: LightLoadOptions = {}) {
    const lanes = [...Array(fresh).fill(false), ...Array(kept).fill(true)] as boolean[]
    this.#lanes = lanes.map(isKept => this.#lane(port, isKept))
    onTestFinished(() => void this.stop())
  }

  /** Resolves when this number of further requests was answered, or one has failed. */
  async answers(count: number): Promise<void> {
    const goal = this.answered + count
    await until(() => this.answered >= goal || this.failures.length > 0, { what: `${count} answers more` })
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #lane(port: number, keepAlive: boolean): Promise<void> {
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    while (!this.#isOver) {
      try {
        await ask(port, agent)
        this.answered++
      } catch (error) {
        this.failures.push(String(error))
      }
      await delay(PAUSE_MS)
    }
    agent.destroy()
  }
}

function ask(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, response => {
      response.resume().on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200 && response.complete) resolve()
        else reject(new Error(`status ${response.statusCode}, complete: ${response.complete}`))
      })
    })
    sent.on('error', reject)
  })
}
