import { createServer, type RequestListener, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import { createMonitor, type Monitor } from '@promherd/core'
import * as onExpress from '@promherd/express'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import * as onKoa from '@promherd/koa'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FOREIGN_HANDLER_OPTIONS, FOREIGN_OPTIONS } from '../../packages/core/dist/http/options/foreign-options.js'
import { ask } from './client.ts'
import { requestsOf } from './reading.ts'
import { closing, listening } from './stage.ts'

let monitor: Monitor
const servers: Server[] = []

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory' })
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map(closing))
  await monitor.close()
})

async function urlOf(server: Server): Promise<string> {
  servers.push(server)
  return listening(server)
}

/** The warnings of promherd while `use` runs. Each is logged once in a process. */
async function warningsOf(use: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = []
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((warning: string | Error) => {
    warnings.push(String(warning))
  })
  try {
    await use()
  } finally {
    spy.mockRestore()
  }
  return warnings
}

const MIDDLEWARES: Readonly<Record<string, (options: object) => unknown>> = {
  Express: onExpress.prometheus,
  Koa: onKoa.prometheus,
  Hono: onHono.prometheus,
  Fastify: options => fastify().register(onFastify.prometheus, options).ready(),
}

describe.each(Object.entries(MIDDLEWARES))('%s', (name, prometheus) => {
  test('rejects each option of another package, and names the replacement', async () => {
    const failures = [...FOREIGN_OPTIONS].map(async ([option, remedy]) => {
      const result = await Promise.resolve()
        .then(() => prometheus({ monitor, [option]: true }))
        .catch((error: unknown) => error)
      expect(result).toMatchObject({ code: 'ERR_PROMHERD_UNKNOWN_OPTION' })
      expect((result as Error).message).toContain(`\`${option}\`. ${remedy}`)
    })
    expect(failures.length).toBeGreaterThan(60)
    await Promise.all(failures)
  })

  test('rejects options that a metrics handler does not have', () => {
    const { metricsHandler } = { Express: onExpress, Koa: onKoa, Hono: onHono, Fastify: onFastify }[name]!
    for (const [option, remedy] of FOREIGN_HANDLER_OPTIONS) {
      expect(() => metricsHandler({ [option]: '/metrics' } as never)).toThrow(remedy)
    }
    expect(() => metricsHandler({ record: 1 } as never)).toThrow(/`metricsHandler.record` to be `true` or `false`/)
    const uncalled = metricsHandler as (...given: unknown[]) => unknown
    expect(() => uncalled({}, {}, () => {})).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_NOT_CALLED' }))
  })
})

test('a middleware that was not called logs one warning and passes requests on', async () => {
  const warnings = await warningsOf(async () => {
    const onExpressApp = express()
    onExpressApp.use(onExpress.prometheus as never)
    onExpressApp.get('/', (_request, response) => void response.send('here'))
    const onKoaApp = new Koa()
    onKoaApp.use(onKoa.prometheus as never).use(context => {
      context.body = 'here'
    })
    const onHonoApp = new Hono()
    onHonoApp.use(onHono.prometheus as never)
    onHonoApp.get('/', context => context.text('here'))
    const listeners = [onExpressApp, onKoaApp.callback(), getRequestListener(onHonoApp.fetch)] as RequestListener[]
    for (const listener of listeners) {
      const url = await urlOf(createServer(listener))
      for (let i = 0; i < 2; i++) expect(await ask(`${url}/`)).toEqual({ status: 200, body: 'here' })
    }
  })
  expect(warnings).toEqual([
    'Expected `prometheus` to be called with options, but it was given to the framework as it is. ' +
      'Write `app.use(prometheus())`. No request is recorded until then.',
  ])
})

test('a plugin of Fastify that was called is rejected', async () => {
  const app = fastify()
  const called = onFastify.prometheus as unknown as () => Promise<void>
  const registered = async (): Promise<unknown> => app.register(called() as never)
  await expect(registered()).rejects.toMatchObject({ code: 'ERR_PROMHERD_CALLED' })
})

function answer(context: { body?: unknown }, body: string): void {
  context.body = body
}

const PLACED: Readonly<Record<string, () => Promise<string[]>>> = {
  Express: () =>
    warned(options => {
      const app = express()
      app.get('/first', (_request, response) => void response.send('first'))
      app.use(onExpress.prometheus(options), onExpress.prometheus(options))
      app.get('/', (_request, response) => void response.send('here'))
      return app
    }),
  Koa: () =>
    warned(options => {
      const app = new Koa()
      app.use(new Router().get('/first', context => answer(context, 'first')).routes() as never)
      app.use(onKoa.prometheus(options)).use(onKoa.prometheus(options))
      return app.use(context => answer(context, 'here')).callback()
    }),
  Hono: () =>
    warned(options => {
      const app = new Hono()
      app.get('/first', context => context.text('first'))
      app.use(onHono.prometheus(options)).use(onHono.prometheus(options))
      app.get('/', context => context.text('here'))
      return getRequestListener(app.fetch) as RequestListener
    }),
  Fastify: () =>
    warned(async options => {
      const app = fastify()
      await app.register(async part => void part.get('/first', async () => 'first'))
      await app.register(onFastify.prometheus, options)
      await app.register(onFastify.prometheus, options)
      app.get('/', async () => 'here')
      await app.ready()
      return app.routing
    }),
}

/** The warnings for an adapter that is used after a route, and for one that is used twice. */
async function warned(
  make: (options: { readonly monitor: Monitor }) => RequestListener | Promise<RequestListener>,
): Promise<string[]> {
  const warnings = await warningsOf(async () => {
    const url = await urlOf(createServer(await make({ monitor })))
    for (const path of ['/', '/first', '/']) await ask(`${url}${path}`)
  })
  const recorded = async (): Promise<number> => Math.max(0, ...Object.values(await requestsOf(monitor)))
  await expect.poll(recorded, { interval: 5 }).toBe(2)
  return warnings
}

test.each(Object.entries(PLACED))(
  '%s logs a warning for a middleware that is used too late, or twice',
  async (name, placed) => {
    const twice = expect.stringMatching(/used twice in one application/)
    const behind = expect.stringMatching(/^Requests are answered before .* Use it before the first route\.$/)
    // Fastify calls hooks for routes that were registered before, too.
    expect((await placed()).sort()).toEqual(name === 'Fastify' ? [twice] : [behind, twice])
  },
)

type Make = (options: { readonly monitor: Monitor; readonly ignore: readonly (string | RegExp)[] }) => unknown

const EMPTY: Readonly<Record<string, Make>> = {
  Express: options => express().use(onExpress.prometheus(options)),
  Koa: options => new Koa().use(onKoa.prometheus(options)).callback(),
  Hono: options => getRequestListener(new Hono().use(onHono.prometheus(options)).fetch),
  Fastify: async options => {
    const made = fastify()
    await made.register(onFastify.prometheus, options)
    await made.ready()
    return made.routing
  },
}

test.each(Object.entries(EMPTY))('%s ignores what a regular expression matches', async (_name, make) => {
  const listener = (await make({ monitor, ignore: [/^\/health/g, '/ready'] })) as RequestListener
  const url = await urlOf(createServer(listener))
  for (const path of ['/health/1', '/health/2', '/ready', '/none', '/none?/health']) await ask(url + path)
  await expect.poll(() => requestsOf(monitor), { interval: 5 }).toEqual({ 'GET _unmatched 404': 2 })
})
