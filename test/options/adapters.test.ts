import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGzip, gzipSync } from 'node:zlib'
import { serve } from '@hono/node-server'
import Router from '@koa/router'
import { type AdapterOptions, createMonitor, type Monitor } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import { prometheus as onKoa } from '@promherd/koa'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closing, listening } from '../contract/stage.ts'

/**
 * The options that need something of the framework, on each adapter. The applications have:
 *
 *     POST /parsed    answers the JSON that it was sent, as the framework's own parser reads it
 *     GET  /packed    answers PLAIN through gzip
 *     POST /unread    answers 'no' and leaves the body alone
 */
const PLAIN = 'promherd '.repeat(20_000)
const SENT = JSON.stringify({ text: 'ä'.repeat(30_000) })

interface Running {
  readonly url: string
  close(): Promise<unknown>
}

const packed = (): Readable => Readable.from([PLAIN]).pipe(createGzip())

const HARNESSES: Record<string, (options: AdapterOptions) => Promise<Running>> = {
  async Express(options) {
    const app = express()
    app.use(onExpress(options))
    app.post('/parsed', express.json({ limit: '1mb' }), (incoming, response) => void response.json(incoming.body))
    app.get('/packed', (_incoming, response) => void packed().pipe(response.set('content-encoding', 'gzip')))
    app.post('/unread', (_incoming, response) => void response.send('no'))
    const server = createServer(app)
    return { url: await listening(server), close: () => closing(server) }
  },
  async Fastify(options) {
    const app = fastify({ forceCloseConnections: true })
    await app.register(onFastify, options)
    app.post('/parsed', async incoming => incoming.body)
    app.get('/packed', async (_incoming, reply) => reply.header('content-encoding', 'gzip').send(packed()))
    app.post('/unread', async () => 'no')
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { url: await listening(app.server), close: () => app.close() }
  },
  async Koa(options) {
    const app = new Koa()
    const router = new Router()
    router.post('/parsed', async context => {
      context.body = JSON.parse(await text(context.req)) as object
    })
    router.get('/packed', context => {
      context.set('content-encoding', 'gzip')
      context.body = packed()
    })
    router.post('/unread', context => {
      context.body = 'no'
    })
    app.use(onKoa(options)).use(router.routes())
    const server = createServer(app.callback())
    return { url: await listening(server), close: () => closing(server) }
  },
  async Hono(options) {
    const app = new Hono()
    app.use(onHono(options))
    app.post('/parsed', async context => context.json((await context.req.json()) as object))
    app.get('/packed', context =>
      context.body(Readable.toWeb(packed()) as ReadableStream, 200, { 'content-encoding': 'gzip' }),
    )
    app.post('/unread', context => context.text('no'))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as import('node:http').Server
    if (!server.listening) await once(server, 'listening')
    return { url: await listening(server), close: () => closing(server) }
  },
}

let monitor: Monitor
let running: Running

beforeEach(() => {
  monitor = createMonitor({ slab: 'heap' })
})

afterEach(async () => {
  await running.close()
  await monitor.close()
})

/** The count and the sum of each series, once there are so many observations. */
async function observed(name: string, count: number): Promise<Record<string, number>> {
  const read = async () => (await monitor.snapshot()).families.find(family => family.name === name)
  const counted = async (): Promise<number> => {
    const family = await read()
    const isSum = (slot: number): boolean => slot % family!.width === family!.width - 1
    return [...(family?.values ?? [])].reduce((all, value, slot) => (isSum(slot) ? all : all + value), 0)
  }
  await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(count)
  const family = (await read())!
  return Object.fromEntries(
    family.labels.map((labels, i) => [labels.join(' '), family.values[(i + 1) * family.width - 1]!]),
  )
}

/** Sends a request and answers how many bytes of body came back. */
async function ask(
  path: string,
  body?: string | Buffer,
  headers: Record<string, string | number> = {},
): Promise<number> {
  const method = body === undefined ? 'GET' : 'POST'
  const sent = request(`${running.url}${path}`, { method, agent: false, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  let came = 0
  for await (const piece of response) came += (piece as Buffer).length
  return came
}

describe.each(Object.entries(HARNESSES))('%s', (name, start) => {
  const json = { 'content-type': 'application/json' }

  test('bodies that its parser reads are measured, with a length and in chunks', async () => {
    running = await start({ monitor, sizes: true })
    const came = await ask('/parsed', SENT, { ...json, 'content-length': Buffer.byteLength(SENT) })
    expect(came).toBe(Buffer.byteLength(SENT))
    await ask('/parsed', SENT, { ...json, 'transfer-encoding': 'chunked' })
    const bytes = { 'POST /parsed': 2 * Buffer.byteLength(SENT) }
    expect(await observed('http_response_size_bytes', 2)).toEqual(bytes)
    expect(await observed('http_request_size_bytes', 2)).toEqual(bytes)
  })

  test('what it compresses is measured as compressed', async () => {
    running = await start({ monitor, sizes: true })
    const came = await ask('/packed')
    expect(came).toBe(gzipSync(PLAIN).length)
    expect(await observed('http_response_size_bytes', 1)).toEqual({ 'GET /packed': came })
  })

  test('a small body that nobody reads is measured all the same', async () => {
    running = await start({ monitor, sizes: true })
    expect(await ask('/unread', '"abc"', { ...json, 'content-length': 5 })).toBe(2)
    expect(await observed('http_request_size_bytes', 1)).toEqual({ 'POST /unread': 5 })
  })

  test('the time to the first byte is in the total', async () => {
    running = await start({ monitor, firstByte: true })
    await ask('/packed')
    const [seconds] = Object.values(await observed('http_request_first_byte_seconds', 1))
    const [total] = Object.values(await observed('http_request_duration_seconds', 1))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(total!)
  })

  test('computed labels are told the request, the response and what the framework knows', async () => {
    const seen: unknown[] = []
    const tenant = {
      values: ['acme'],
      of(incoming: IncomingMessage, response: unknown, context: unknown): string | undefined {
        const { statusCode } = response as { statusCode: number }
        // Each framework's own way from what it knows to the header.
        const own = context as { headers?: Record<string, string>; req?: { header?: (name: string) => string } }
        const read = name === 'Hono' ? own.req?.header?.('x-tenant') : own.headers?.['x-tenant']
        seen.push(statusCode, read)
        return incoming.headers['x-tenant'] as string
      },
    }
    running = await start({ monitor, labels: { tenant } })
    await ask('/packed', undefined, { 'x-tenant': 'acme' })
    await ask('/packed', undefined, { 'x-tenant': 'evil' })
    const durations = await observed('http_request_duration_seconds', 2)
    expect(Object.keys(durations).sort()).toEqual(['GET /packed 200 _other', 'GET /packed 200 acme'])
    expect(seen).toEqual([200, 'acme', 200, 'evil'])
  })

  test('paths are ignored by a list', async () => {
    running = await start({ monitor, ignore: ['/unread'] })
    await ask('/unread?x=1', '"abc"', json)
    await ask('/packed')
    expect(Object.keys(await observed('http_request_duration_seconds', 1))).toEqual(['GET /packed 200'])
  })
})

describe('routes that are known before they are asked for', () => {
  async function zeros(): Promise<Record<string, number>> {
    const family = (await monitor.snapshot()).families.find(({ name }) => name === 'http_requests_total')
    return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(' '), family!.values[i]!]))
  }

  test('Fastify shows them as zero, each by the label that it will have', async () => {
    const app = fastify()
    running = { url: '', close: () => app.close() }
    await app.register(onFastify, { monitor, initialize: true, labels: { tier: 'web' } })
    app.get('/items/:id', async () => 'item')
    app.route({ method: ['POST', 'PUT'], url: '/items', handler: async () => 'made' })
    await app.register(async api => void api.get('/deep', async () => 'deep'), { prefix: '/api' })
    await app.ready()
    const known = { 'GET /items/:id 200 web': 0, 'POST /items 200 web': 0, 'PUT /items 200 web': 0 }
    expect(await zeros()).toEqual({ ...known, 'GET /api/deep 200 web': 0 })
    expect((await app.inject('/items/7')).statusCode).toBe(200)
    await expect.poll(zeros).toEqual({ ...known, 'GET /api/deep 200 web': 0, 'GET /items/:id 200 web': 1 })
  })

  test('without the option none are shown', async () => {
    const app = fastify()
    running = { url: '', close: () => app.close() }
    await app.register(onFastify, { monitor })
    app.get('/items/:id', async () => 'item')
    await app.ready()
    expect(await zeros()).toEqual({})
  })

  test('labels that are not known before are refused beside it', async () => {
    const app = fastify()
    running = { url: '', close: () => app.close() }
    const labels = { tenant: { values: ['acme'], of: () => 'acme' } }
    for (const options of [{ labels }, { naming: 'otel' as const }, { initialize: 1 as never }]) {
      const other = createMonitor({ slab: 'heap' })
      const registered = fastify().register(onFastify, { monitor: other, initialize: true, ...options })
      await expect(registered).rejects.toMatchObject({ code: 'ERR_PROMHERD_BAD_OPTION' })
      await other.close()
    }
  })

  test.each([
    ['Express', onExpress],
    ['Koa', onKoa],
    ['Hono', onHono],
  ])('%s does not know its routes, and says so', (_name, prometheus) => {
    running = { url: '', close: async () => {} }
    // @ts-expect-error: there is no such option.
    expect(() => prometheus({ monitor, initialize: true })).toThrow(
      expect.objectContaining({ code: 'ERR_PROMHERD_UNKNOWN_OPTION' }),
    )
  })
})
