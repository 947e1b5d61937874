import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import { prometheus as onKoa } from '@promherd/koa'
import fastify, { type FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import type { Chapter, Exception } from '../contract/law.ts'
import { requestsOf } from '../contract/reading.ts'
import { OPTIONS_SUBJECTS, type OptionsWorld } from './options-world.ts'

function refusing(prometheus: typeof onExpress | typeof onKoa | typeof onHono): Exception<OptionsWorld> {
  return {
    reason: 'The framework does not report its routes, so the option is rejected as unknown.',
    async instead({ monitor }) {
      // @ts-expect-error: there is no such option.
      expect(() => prometheus({ monitor, initialize: true })).toThrow(
        expect.objectContaining({ code: 'ERR_PROMHERD_UNKNOWN_OPTION' }),
      )
    },
  }
}

const UNKNOWN = { 'Express 5': refusing(onExpress), 'Koa 3': refusing(onKoa), 'Hono 4': refusing(onHono) }

async function showsZeros(app: FastifyInstance, monitor: Monitor): Promise<void> {
  await app.register(onFastify, { monitor, initialize: true, labels: { tier: 'web' } })
  app.get('/items/:id', async () => 'item')
  app.route({ method: ['POST', 'PUT'], url: '/items', handler: async () => 'made' })
  await app.register(async api => void api.get('/deep', async () => 'deep'), { prefix: '/api' })
  await app.ready()
  const known = { 'GET /items/:id 200 web': 0, 'POST /items 200 web': 0, 'PUT /items 200 web': 0 }
  expect(await requestsOf(monitor)).toEqual({ ...known, 'GET /api/deep 200 web': 0 })
  expect((await app.inject('/items/7')).statusCode).toBe(200)
  await expect
    .poll(() => requestsOf(monitor))
    .toEqual({ ...known, 'GET /api/deep 200 web': 0, 'GET /items/:id 200 web': 1 })
}

/** The option `initialize`. */
export const KNOWN_ROUTES: Chapter<OptionsWorld> = {
  title: 'Routes that are known before their first request',
  about: 'The option `initialize` creates the series of each route at the start, with the value 0.',
  subjects: OPTIONS_SUBJECTS,
  laws: [
    {
      sentence: 'each route has series of value 0, with the labels that its requests will have',
      async run({ monitor }) {
        const app = fastify()
        try {
          await showsZeros(app, monitor)
        } finally {
          await app.close()
        }
      },
      cannot: UNKNOWN,
    },
    {
      sentence: 'without the option there are no such series',
      async run(world) {
        await world.start({})
        expect(await requestsOf(world.monitor)).toEqual({})
      },
    },
    {
      sentence: 'labels whose values are not known beforehand are rejected with this option',
      async run() {
        const labels = { tenant: { values: ['acme'], value: () => 'acme' } }
        for (const options of [{ labels }, { naming: 'opentelemetry' as const }, { initialize: 1 as never }]) {
          const other = createMonitor({ storage: 'memory' })
          const registered = fastify().register(onFastify, { monitor: other, initialize: true, ...options })
          await expect(registered).rejects.toMatchObject({ code: 'ERR_PROMHERD_BAD_OPTION' })
          await other.close()
        }
      },
      cannot: UNKNOWN,
    },
  ],
}
