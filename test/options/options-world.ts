import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import type { AdapterOptions } from '@promherd/core/adapter'
import { expect } from 'vitest'
import { preloadedName, preloading } from '../contract/harnesses/preloading.ts'
import type { Subject } from '../contract/law.ts'
import { APPLICATIONS, type Running } from './applications.ts'
import { UNADAPTED } from './unadapted.ts'

const ALL: typeof APPLICATIONS = { ...APPLICATIONS, ...UNADAPTED }

/** The environment in which one law of options is tested: an application on one framework. */
export class OptionsWorld {
  readonly name: string
  readonly monitor: Monitor = createMonitor({ storage: 'memory' })
  #running: Running | undefined

  readonly #isPreloaded: boolean

  constructor(name: string, isPreloaded = false) {
    this.name = name
    this.#isPreloaded = isPreloaded
  }

  /** Starts the application with these options. */
  async start(options: AdapterOptions): Promise<void> {
    const start = ALL[this.name]!
    this.#running = this.#isPreloaded
      ? await preloading(this.monitor, options, () => start(undefined))
      : await start({ monitor: this.monitor, ...options })
  }

  /** The sum of each series, once there are `count` observations. */
  async observed(name: string, count: number): Promise<Record<string, number>> {
    const read = async () => (await this.monitor.snapshot()).families.find(family => family.name === name)
    const counted = async (): Promise<number> => {
      const family = await read()
      const isSum = (slot: number): boolean => slot % family!.values.width === family!.values.width - 1
      return [...(family?.values ?? [])].reduce((all, value, slot) => (isSum(slot) ? all : all + value), 0)
    }
    await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(count)
    const family = (await read())!
    return Object.fromEntries(family.labels.map((labels, i) => [labels.join(' '), family.values.of(i).at(-1)!]))
  }

  /** Sends a request and returns the size of the response body in bytes. */
  async ask(path: string, body?: string | Buffer, headers: Record<string, string | number> = {}): Promise<number> {
    const method = body === undefined ? 'GET' : 'POST'
    const sent = request(`${this.#running!.url}${path}`, { method, agent: false, headers })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    let came = 0
    for await (const piece of response) came += (piece as Buffer).length
    return came
  }

  async end(): Promise<void> {
    await this.#running?.close()
    await this.monitor.close()
  }
}

/** Every framework, each with its application. */
export const OPTIONS_SUBJECTS: readonly Subject<OptionsWorld>[] = Object.keys(APPLICATIONS).map(name => ({
  name,
  within: use => using(new OptionsWorld(name), use),
}))

/** The same under the preload, and frameworks without an adapter. */
export const PRELOADED_SUBJECTS: readonly Subject<OptionsWorld>[] = Object.keys(ALL).map(name => ({
  name: preloadedName(name),
  like: name,
  within: use => using(new OptionsWorld(name, true), use),
}))

async function using(world: OptionsWorld, use: (world: OptionsWorld) => Promise<void>): Promise<void> {
  try {
    await use(world)
  } finally {
    await world.end()
  }
}
