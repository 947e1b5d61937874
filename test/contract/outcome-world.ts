import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { dial, said } from './client.ts'
import { preloadedName, preloading } from './harnesses/preloading.ts'
import type { Subject } from './law.ts'
import { OUTCOME_HARNESSES, type OutcomeHarness, PLAIN } from './outcome-harnesses.ts'
import { UNADAPTED, writes } from './outcome-unadapted.ts'
import * as reading from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

/** How long a test waits for an expected result. */
export const PATIENT = { timeout: 10_000, interval: 5 }

/** The environment in which one law of the end of exchanges is tested. The handlers are the same on each framework. */
export class OutcomeWorld {
  readonly name: string
  readonly monitor: Monitor = createMonitor({ storage: 'memory' })
  readonly stage: Stage = new Stage()
  /** True if the preload records instead of an adapter. */
  readonly isPreloaded: boolean
  readonly #harness: OutcomeHarness
  readonly #servers: Server[] = []

  constructor(name: string, harness: OutcomeHarness, isPreloaded = false) {
    this.name = name
    this.isPreloaded = isPreloaded
    this.#harness = harness
  }

  /** A server that does not listen yet. */
  async make(options: ServerOptions = {}): Promise<Server> {
    const make = (listener?: RequestListener): Server => createServer(options, listener)
    const server = await this.#harness(this.isPreloaded ? undefined : { monitor: this.monitor }, this.stage, make)
    this.#servers.push(server)
    return server
  }

  /** Starts a server and returns its URL. */
  async start(options: ServerOptions = {}): Promise<string> {
    return listening(await this.make(options))
  }

  /** A connection to a new server, with a request for a path. */
  async asking(path: string, method = 'GET'): Promise<Socket> {
    const socket = await dial(await this.start())
    socket.write(said(method, path))
    return socket
  }

  /** Waits until exactly this exchange with a handler has been recorded. */
  recorded(method: string, status: number, count = 1): Promise<void> {
    return this.settled({ [`${method} /raw/:name ${status}`]: count })
  }

  /** Waits until exactly this has been recorded, `{ 'GET /raw/:name 200': 3 }`, and nothing is open any more. */
  settled(requests: Record<string, number>): Promise<void> {
    return reading.settled(this.monitor, writes(this.name, requests))
  }

  /** Expects exactly these errors, `{ 'GET /items/:id exception': 1 }`. */
  async hasErrors(errors: Record<string, number>): Promise<void> {
    expect(await reading.errorsOf(this.monitor)).toEqual(writes(this.name, errors))
  }

  /** Expects errors of one category of a handler, and no others. */
  failed(category: string, count = 1, method = 'GET'): Promise<void> {
    return this.hasErrors({ [`${method} /raw/:name ${category}`]: count })
  }

  /** Holds the handler for some time after it has begun. */
  async holdOn(): Promise<void> {
    await expect.poll(() => this.stage.entered, PATIENT).toBe(1)
    const since = performance.now()
    await expect.poll(() => performance.now() - since, { interval: 5 }).toBeGreaterThan(50)
    expect(await reading.requestsOf(this.monitor)).toEqual({})
    expect(await reading.numberOf(this.monitor, 'http_requests_in_flight')).toBe(1)
    this.stage.release()
  }

  async end(): Promise<void> {
    this.stage.release()
    await Promise.all(this.#servers.map(closing))
    await this.monitor.close()
  }
}

/** Every framework on an HTTP/1.1 server, a server without one, and under the preload also frameworks without an adapter. */
export const OUTCOME_SUBJECTS: readonly Subject<OutcomeWorld>[] = [
  ...Object.entries(OUTCOME_HARNESSES).map(([name, harness]) => ({
    name,
    within: (use: Use) => using(new OutcomeWorld(name, harness), use),
  })),
  ...Object.entries({ ...OUTCOME_HARNESSES, ...UNADAPTED })
    .filter(([name]) => name !== PLAIN)
    .map(([name, harness]) => ({
      name: preloadedName(name),
      like: name,
      within(use: Use) {
        const world = new OutcomeWorld(name, harness, true)
        return preloading(world.monitor, {}, () => using(world, use))
      },
    })),
]

type Use = (world: OutcomeWorld) => Promise<void>

async function using(world: OutcomeWorld, use: Use): Promise<void> {
  try {
    await use(world)
  } finally {
    await world.end()
  }
}
