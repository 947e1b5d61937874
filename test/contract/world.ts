import { createMonitor, type Monitor } from '@promherd/core'
import type { AdapterOptions } from '@promherd/core/adapter'
import { expect } from 'vitest'
import type { Answer } from './client.ts'
import { answered, type Connection, connection, type Protocol } from './connection.ts'
import type { Subject } from './law.ts'
import * as reading from './reading.ts'
import { Stage } from './stage.ts'

/**
 * An application on one adapter. It has these routes:
 *
 *     GET  /items/:id                          200 'item'
 *     POST /items                              201
 *     GET  /nothing, /unchanged                204, 304
 *     GET  /api/v1/items/:id                   200, by a router in a router, each with a prefix
 *     GET  /api/v1/broken                      throws an Error
 *     GET  /teapot                             throws an error with the status 418
 *     GET  /users/:id/posts/:post              200, by a router that is mounted at /users/:id
 *     GET  /hold                               200, once the stage is released
 *     GET  /stream                             200, its last chunk once the stage is released
 */
export interface Harness {
  readonly name: string
  /** @default HTTP/1.1 */
  readonly protocol?: Protocol
  /** The category of an error without a status: not all frameworks report the error. */
  readonly thrown: 'exception' | 'server_error'
  /** The label if there is no route. The argument is true if the status was 404. */
  readonly instead?: (wasFound: boolean) => string
  /** The template `/items/:id` in the notation of the framework. @default the same */
  readonly templateOf?: (route: string) => string
  /** Without options there is no adapter: the application is recorded from outside. */
  start(options: AdapterOptions | undefined, stage: Stage): Promise<Application>
}

export interface Application {
  readonly url: string
  close(): Promise<void>
}

/** The environment in which one law is tested on one harness. */
export class World {
  readonly harness: Harness
  readonly monitor: Monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
  readonly stage: Stage = new Stage()
  readonly #open: Application[] = []

  constructor(harness: Harness) {
    this.harness = harness
  }

  /** Starts the application and returns its URL. */
  async start(options: AdapterOptions = {}): Promise<string> {
    const application = await this.harness.start({ monitor: this.monitor, ...options }, this.stage)
    this.#open.push(application)
    return application.url
  }

  ask(url: string, method = 'GET'): Promise<Answer> {
    return answered(this.protocol, url, method)
  }

  connect(url: string): Promise<Connection> {
    return connection(this.protocol, url)
  }

  get protocol(): Protocol {
    return this.harness.protocol ?? 'HTTP/1.1'
  }

  /** Waits until exactly this has been recorded, `{ 'GET /items/:id 200': 3 }`, and nothing is open any more. */
  settled(requests: Record<string, number>, monitor: Monitor = this.monitor): Promise<void> {
    return reading.settled(monitor, this.#relabelled(requests, ['404']))
  }

  /** Expects exactly these errors, `{ 'GET /items/:id exception': 1 }`. */
  async hasErrors(errors: Record<string, number>): Promise<void> {
    expect(await reading.errorsOf(this.monitor)).toEqual(this.#relabelled(errors, ['not_found']))
  }

  /** Expects this number of exchanges in flight. */
  async hasOpen(count: number): Promise<void> {
    expect(await reading.numberOf(this.monitor, 'http_requests_in_flight')).toBe(count)
  }

  async end(): Promise<void> {
    this.stage.release()
    await Promise.all(this.#open.map(application => application.close()))
    await this.monitor.close()
  }

  #relabelled(table: Record<string, number>, notFound: readonly string[]): Record<string, number> {
    const { instead, templateOf = same } = this.harness
    if (instead === undefined) {
      const relabelled = ([key, count]: [string, number]) => [key.split(' ').map(templateOf).join(' '), count] as const
      return Object.fromEntries(Object.entries(table).map(relabelled))
    }
    const all: Record<string, number> = {}
    for (const [key, count] of Object.entries(table)) {
      const [method, , what] = key.split(' ')
      const label = `${method} ${instead(!notFound.includes(what!))} ${what}`
      all[label] = (all[label] ?? 0) + count
    }
    return all
  }
}

function same(route: string): string {
  return route
}

/** A harness as a subject of laws. */
export function subjectOf(harness: Harness): Subject<World> {
  return {
    name: harness.name,
    async within(use) {
      const world = new World(harness)
      try {
        await use(world)
      } finally {
        await world.end()
      }
    },
  }
}
