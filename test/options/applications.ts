import { once } from 'node:events'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { serve } from '@hono/node-server'
import Router from '@koa/router'
import type { AdapterOptions } from '@promherd/core/adapter'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import { prometheus as onKoa } from '@promherd/koa'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { closing, listening } from '../contract/stage.ts'

/**
 * The options that depend on the framework, on each adapter. The applications have:
 *
 *     POST /parsed    returns the JSON of the request, as the parser of the framework reads it
 *     GET  /packed    returns PLAIN through gzip
 *     POST /unread    returns 'no' and does not read the body
 */
/** The uncompressed body of `/packed`. */
export const PLAIN = 'promherd '.repeat(20_000)
/** A JSON body of several chunks. */
export const SENT = JSON.stringify({ text: 'ä'.repeat(30_000) })

/** An application that listens. */
export interface Running {
  readonly url: string
  close(): Promise<unknown>
}

/** The compressed body of `/packed`, which needs the header for gzip. */
export const packed = (): Readable => Readable.from([PLAIN]).pipe(createGzip())

/** By the name of the framework. */
export const APPLICATIONS: Readonly<Record<string, (options: AdapterOptions | undefined) => Promise<Running>>> = {
  'Express 5': async options => {
    const app = express()
    if (options !== undefined) app.use(onExpress(options))
    app.post('/parsed', express.json({ limit: '1mb' }), (incoming, response) => void response.json(incoming.body))
    app.get('/packed', (_incoming, response) => void packed().pipe(response.set('content-encoding', 'gzip')))
    app.post('/unread', (_incoming, response) => void response.send('no'))
    const server = createServer(app)
    return { url: await listening(server), close: () => closing(server) }
  },
  'Fastify 5': async options => {
    const app = fastify({ forceCloseConnections: true })
    if (options !== undefined) await app.register(onFastify, options)
    app.post('/parsed', async incoming => incoming.body)
    app.get('/packed', async (_incoming, reply) => reply.header('content-encoding', 'gzip').send(packed()))
    app.post('/unread', async () => 'no')
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { url: await listening(app.server), close: () => app.close() }
  },
  'Koa 3': async options => {
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
    if (options !== undefined) app.use(onKoa(options))
    app.use(router.routes())
    const server = createServer(app.callback())
    return { url: await listening(server), close: () => closing(server) }
  },
  'Hono 4': async options => {
    const app = new Hono()
    if (options !== undefined) app.use(onHono(options))
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
