import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/fastify'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { expect } from 'vitest'
import { ask, closed, dial, heard, said } from './client.ts'
import { preloadedName, preloading } from './harnesses/preloading.ts'
import type { Chapter, Subject } from './law.ts'
import { errorsOf, settled } from './reading.ts'
import { listening, Stage } from './stage.ts'

/** The environment in which a law of timeouts is tested. */
class Deadlines {
  readonly monitor: Monitor = createMonitor({ storage: 'memory' })
  readonly #isPreloaded: boolean
  readonly #stage = new Stage()
  #app: FastifyInstance | undefined

  constructor(isPreloaded: boolean) {
    this.#isPreloaded = isPreloaded
  }

  start(options: FastifyServerOptions): Promise<string> {
    const make = () => this.#make(options)
    return this.#isPreloaded ? preloading(this.monitor, {}, make) : make()
  }

  async #make(options: FastifyServerOptions): Promise<string> {
    const app = fastify({ forceCloseConnections: true, ...options })
    this.#app = app
    if (!this.#isPreloaded) await app.register(prometheus, { monitor: this.monitor })
    app.get('/hold', () => this.#stage.hold())
    app.get('/stream', (_request, reply) => reply.send(this.#stage.stream()))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return listening(app.server)
  }

  async end(): Promise<void> {
    this.#stage.release()
    await this.#app?.close()
    await this.monitor.close()
  }
}

function subject(name: string, isPreloaded: boolean): Subject<Deadlines> {
  return {
    name,
    async within(use) {
      const world = new Deadlines(isPreloaded)
      try {
        await use(world)
      } finally {
        await world.end()
      }
    },
  }
}

/** The timeouts of Fastify itself. */
export const FASTIFY_TIMEOUTS: Chapter<Deadlines> = {
  title: 'Deadlines of Fastify',
  about: 'The options of Fastify for exchanges that take too long.',
  subjects: [subject('Fastify 5', false), subject(preloadedName('Fastify 5'), true)],
  laws: [
    {
      sentence: '`handlerTimeout` is a timeout; Fastify sends the response',
      async run(world) {
        expect((await ask(`${await world.start({ handlerTimeout: 50 })}/hold`)).status).toBe(503)
        await settled(world.monitor, { 'GET /hold 503': 1 })
        expect(await errorsOf(world.monitor)).toEqual({ 'GET /hold timeout': 1 })
      },
    },
    {
      sentence: '`connectionTimeout` is a timeout, before a response and during one',
      async run(world) {
        const url = await world.start({ connectionTimeout: 50 })
        const waiting = await dial(url)
        waiting.write(said('GET', '/hold'))
        await closed(waiting)
        await settled(world.monitor, { 'GET /hold 500': 1 })
        const stream = await dial(url)
        stream.write(said('GET', '/stream'))
        await heard(stream, 'first ')
        await closed(stream)
        await settled(world.monitor, { 'GET /hold 500': 1, 'GET /stream 200': 1 })
        const failures = { 'GET /hold timeout': 1, 'GET /stream timeout': 1 }
        expect(await errorsOf(world.monitor)).toEqual(failures)
      },
    },
  ],
}
