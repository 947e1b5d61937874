import fc from 'fast-check'
import { expect } from 'vitest'
import type { Connection, Sent } from './connection.ts'
import { numberOf, requestsOf } from './reading.ts'
import type { World } from './world.ts'

/**
 * Random sequences of exchanges, and a model of what must be recorded. The order is controlled by the test: a handler
 * responds when the test releases it, and a client disconnects when the server has reached a known state.
 */
export type Step =
  | { readonly what: 'ask'; readonly of: Plain }
  | { readonly what: 'pipeline'; readonly of: readonly Plain[] }
  | { readonly what: 'hold' | 'stream' | 'leave' | 'cut' }
  | { readonly what: 'queue'; readonly behind: number }

/** A request with an immediate response, and its record. */
interface Plain {
  readonly method: string
  readonly path: string
  readonly route: string
  readonly status: number
  readonly error?: string
}

const PLAIN: readonly Plain[] = [
  { method: 'GET', path: '/items/1', route: '/items/:id', status: 200 },
  { method: 'HEAD', path: '/items/2', route: '/items/:id', status: 200 },
  { method: 'POST', path: '/items', route: '/items', status: 201 },
  { method: 'GET', path: '/nothing', route: '/nothing', status: 204 },
  { method: 'GET', path: '/unchanged', route: '/unchanged', status: 304 },
  { method: 'GET', path: '/teapot', route: '/teapot', status: 418, error: 'client_error' },
  { method: 'GET', path: '/api/v1/broken', route: '/api/v1/broken', status: 500, error: 'thrown' },
  { method: 'GET', path: '/users/4/posts/2', route: '/users/:id/posts/:post', status: 200 },
  { method: 'GET', path: '/secret/1', route: '_unmatched', status: 404, error: 'not_found' },
]

const plain = fc.constantFrom(...PLAIN)

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('ask' as const), of: plain }),
    fc.record({ what: fc.constant('pipeline' as const), of: fc.array(plain, { minLength: 1, maxLength: 6 }) }),
    fc.record({ what: fc.constantFrom('hold' as const, 'stream' as const, 'leave' as const, 'cut' as const) }),
    fc.record({ what: fc.constant('queue' as const), behind: fc.integer({ min: 0, max: 4 }) }),
  ),
  { minLength: 1, maxLength: 10 },
)

/** Runs the steps in a world, and compares the records with the model. */
export async function happens(world: World, all: readonly Step[]): Promise<void> {
  const run = new Run(world, await world.start())
  for (const step of all) await run.take(step)
  await run.end()
}

class Run {
  readonly #world: World
  readonly #url: string
  readonly #requests: Record<string, number> = {}
  readonly #errors: Record<string, number> = {}
  readonly #connections: Connection[] = []
  /** The requests that are open until the end, and their results. */
  readonly #waiting: [Sent, string][] = []
  #entered = 0

  constructor(world: World, url: string) {
    this.#world = world
    this.#url = url
  }

  async take(step: Step): Promise<void> {
    if (step.what === 'ask') return this.#ask(step.of)
    const connection = await this.#world.connect(this.#url)
    this.#connections.push(connection)
    if (step.what === 'pipeline') return this.#pipeline(connection, step.of)
    if (step.what === 'queue') return this.#queue(connection, step.behind)
    const isStream = step.what === 'stream' || step.what === 'cut'
    const sent = connection.send('GET', isStream ? '/stream' : '/hold')
    if (isStream) await sent.heard('first ')
    await this.#enters(1)
    if (step.what === 'leave' || step.what === 'cut') sent.leave()
    else this.#waiting.push([sent, isStream ? 'last' : 'held'])
    if (step.what === 'leave') this.#expect('GET', '/hold', 499, 'client_abort')
    else this.#expect('GET', isStream ? '/stream' : '/hold', 200, step.what === 'cut' ? 'client_abort' : undefined)
    if (step.what === 'leave' || step.what === 'cut') await this.#ends()
  }

  async end(): Promise<void> {
    await this.#isOpen(this.#waiting.length)
    this.#world.stage.release()
    for (const [sent, text] of this.#waiting) await sent.heard(text)
    await this.#world.settled(this.#requests)
    await this.#world.hasErrors(this.#errors)
    for (const connection of this.#connections) connection.die()
    await this.#world.settled(this.#requests)
  }

  async #ask(asked: Plain): Promise<void> {
    this.#expectPlain(asked)
    expect((await this.#world.ask(this.#url + asked.path, asked.method)).status).toBe(asked.status)
  }

  async #pipeline(connection: Connection, all: readonly Plain[]): Promise<void> {
    for (const asked of all) {
      this.#expectPlain(asked)
      connection.send(asked.method, asked.path)
    }
    await this.#ends()
  }

  /** Requests behind one that is held: on HTTP/1.1 they wait for it and end with it, on HTTP/2 they do not. */
  async #queue(connection: Connection, behind: number): Promise<void> {
    const waits = this.#world.protocol === 'HTTP/1.1'
    connection.send('GET', '/hold')
    for (let i = 0; i < behind; i++) {
      connection.send('GET', '/items/1')
      if (waits) this.#expect('GET', '/items/:id', 499, 'client_abort')
      else this.#expect('GET', '/items/:id', 200)
    }
    await this.#enters(1)
    await this.#isOpen(this.#waiting.length + 1 + (waits ? behind : 0))
    if (!waits) await this.#ends()
    this.#expect('GET', '/hold', 499, 'client_abort')
    connection.die()
    await this.#ends()
  }

  #expectPlain({ method, route, status, error }: Plain): void {
    this.#expect(method, route, status, error === 'thrown' ? this.#world.harness.thrown : error)
  }

  #expect(method: string, route: string, status: number, error?: string): void {
    count(this.#requests, `${method} ${route} ${status}`)
    if (error !== undefined) count(this.#errors, `${method} ${route} ${error}`)
  }

  async #enters(more: number): Promise<void> {
    this.#entered += more
    await expect.poll(() => this.#world.stage.entered, POLL).toBe(this.#entered)
  }

  async #isOpen(number: number): Promise<void> {
    await expect.poll(() => numberOf(this.#world.monitor, 'http_requests_in_flight'), POLL).toBe(number)
  }

  /** Waits until all expected exchanges have ended, except those that are open until the end of the run. */
  async #ends(): Promise<void> {
    const expected = sum(this.#requests) - this.#waiting.length
    await expect.poll(async () => sum(await requestsOf(this.#world.monitor)), POLL).toBe(expected)
  }
}

const POLL = { timeout: 10_000, interval: 2 }

function count(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1
}

function sum(table: Record<string, number>): number {
  return Object.values(table).reduce((total, value) => total + value, 0)
}
