import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, createServer } from 'node:http2'
import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { preloadedName, preloading } from './harnesses/preloading.ts'
import type { Subject } from './law.ts'
import { OUTCOME_HARNESSES, type OutcomeHarness, PLAIN } from './outcome-harnesses.ts'
import { UNADAPTED, writes } from './outcome-unadapted.ts'
import { errorsOf, settled } from './reading.ts'
import { listening, Stage } from './stage.ts'

/** The environment in which one law of HTTP/2 is tested: a server, and a session with it. */
export class Http2World {
  readonly monitor: Monitor = createMonitor({ storage: 'memory' })
  readonly stage: Stage = new Stage()
  server!: Server
  readonly #name: string
  #client!: ClientHttp2Session

  constructor(name: string) {
    this.#name = name
  }

  async start(harness: OutcomeHarness, isPreloaded: boolean): Promise<void> {
    const make = (listener?: RequestListener): Server => createServer(listener as never) as unknown as Server
    this.server = await harness(isPreloaded ? undefined : { monitor: this.monitor }, this.stage, make)
    await this.connect()
  }

  /** Opens a session for all later requests. */
  async connect(): Promise<void> {
    this.#client = connect(await listening(this.server))
    this.#client.on('error', () => {})
  }

  /** Ends the session at once, with all its streams. */
  leave(): void {
    this.#client.destroy()
  }

  /** Sends a request to the handler of that name. */
  ask(name: string): ClientHttp2Stream {
    const stream = this.#client.request({ ':path': `/raw/${name}` })
    stream.on('error', () => {})
    return stream
  }

  /** Waits until exactly this has been recorded of the handlers. */
  recorded(status: number, count = 1): Promise<void> {
    return this.settled({ [`GET /raw/:name ${status}`]: count })
  }

  /** Waits until exactly this has been recorded, `{ 'GET /raw/:name 200': 3 }`, and nothing is open any more. */
  settled(requests: Record<string, number>): Promise<void> {
    return settled(this.monitor, writes(this.#name, requests))
  }

  /** Expects exactly these errors, `{ 'GET /items/:id exception': 1 }`. */
  async hasErrors(errors: Record<string, number>): Promise<void> {
    expect(await errorsOf(this.monitor)).toEqual(writes(this.#name, errors))
  }

  /** Expects errors of one category of a handler, and no others. */
  failed(category: string, count = 1): Promise<void> {
    return this.hasErrors({ [`GET /raw/:name ${category}`]: count })
  }

  async end(): Promise<void> {
    this.stage.release()
    this.leave()
    this.server.close()
    await once(this.server, 'close')
    await this.monitor.close()
  }
}

type Use = (world: Http2World) => Promise<void>

async function using(world: Http2World, harness: OutcomeHarness, isPreloaded: boolean, use: Use): Promise<void> {
  await world.start(harness, isPreloaded)
  try {
    await use(world)
  } finally {
    await world.end()
  }
}

/** The frameworks that serve HTTP/2, with their adapters and under the preload. */
export const HTTP2_SUBJECTS: readonly Subject<Http2World>[] = [
  ...Object.entries(OUTCOME_HARNESSES)
    .filter(([name]) => !name.startsWith('Express'))
    .map(([name, harness]) => ({
      name: name.replace('http', 'http2'),
      within: (use: Use) => using(new Http2World(name), harness, false, use),
    })),
  ...Object.entries({ ...OUTCOME_HARNESSES, ...UNADAPTED })
    .filter(([name]) => !/Express|restify/.test(name) && name !== PLAIN)
    .map(([name, harness]) => ({
      name: preloadedName(name),
      like: name,
      within(use: Use) {
        const world = new Http2World(name)
        return preloading(world.monitor, {}, () => using(world, harness, true, use))
      },
    })),
]
