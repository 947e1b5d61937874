import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import Router from '@koa/router'
import { instrumentServer } from '@promherd/core'
import type { AdapterOptions } from '@promherd/core/adapter'
import * as onExpress from '@promherd/express'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import * as onKoa from '@promherd/koa'
import express5 from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import Koa from 'koa'
import { HANDLERS } from './outcome-handlers.ts'
import type { Stage } from './stage.ts'

/**
 * A server, not listening yet, whose route `/raw/:name` is answered by the handler of that name. A framework also has
 * `/thrown`, which throws, and `/native-events`, a stream of events as it is made there.
 */
export type OutcomeHarness = (options: AdapterOptions | undefined, stage: Stage, make?: Make) => Promise<Server>

/** Makes the server; one of HTTP/2 may stand for one of HTTP/1. */
export type Make = (listener?: RequestListener) => Server

/** The one without a framework: it has neither `/thrown` nor `/native-events`. */
export const PLAIN = 'node:http'

const express4 = createRequire(import.meta.url)('express4') as typeof express5

function answer(name: string | undefined, request: IncomingMessage, response: ServerResponse, stage: Stage): void {
  HANDLERS[name ?? '']!(request, response, stage)
}

const withExpress =
  (express: typeof express5): OutcomeHarness =>
  async (options, stage, make = createServer) => {
    const app = express()
    app.set('env', 'test')
    if (options !== undefined) app.use(onExpress.prometheus(options))
    app.all('/raw/:name', (request, response) => answer(request.params.name, request, response, stage))
    app.get('/native-events', (_request, response) => {
      response.type('text/event-stream')
      stage.stream().pipe(response)
    })
    app.get('/thrown', () => {
      throw new Error('thrown')
    })
    return make(app)
  }

export const OUTCOME_HARNESSES: Readonly<Record<string, OutcomeHarness>> = {
  'Express 5': withExpress(express5),
  'Express 4': withExpress(express4),
  'Fastify 5': async (options, stage, make = createServer) => {
    const app = fastify({ serverFactory: handler => make(handler) })
    if (options !== undefined) await app.register(onFastify.prometheus, options)
    // The handler reads the body, as in the other applications.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.all<{ Params: { name: string } }>('/raw/:name', (request, reply) => {
      reply.hijack()
      answer(request.params.name, request.raw, reply.raw, stage)
    })
    app.get('/native-events', (_request, reply) => reply.type('text/event-stream').send(stage.stream()))
    app.get('/thrown', async () => {
      throw new Error('thrown')
    })
    await app.ready()
    return app.server
  },
  'Koa 3': async (options, stage, make = createServer) => {
    const app = new Koa()
    app.silent = true
    if (options !== undefined) app.use(onKoa.prometheus(options))
    const router = new Router()
    router.all('/raw/:name', context => {
      context.respond = false
      context.res.statusCode = 200
      answer(context['params'].name, context.req, context.res, stage)
    })
    router.get('/native-events', context => {
      context.type = 'text/event-stream'
      context.body = stage.stream()
    })
    router.get('/thrown', () => {
      throw new Error('thrown')
    })
    app.use(router.routes())
    return make(app.callback())
  },
  'Hono 4': async (options, stage, make = createServer) => {
    const app = new Hono<{ Bindings: { incoming: IncomingMessage; outgoing: ServerResponse } }>()
    app.onError((_error, context) => context.text('Internal Server Error', 500))
    if (options !== undefined) app.use(onHono.prometheus(options))
    app.on(['GET', 'POST', 'HEAD'], '/raw/:name', context => {
      // Hono answers HEAD with a response of its own, whatever the handler sent.
      if (context.req.raw.method === 'HEAD') return context.text('item')
      answer(context.req.param('name'), context.env.incoming, context.env.outgoing, stage)
      return RESPONSE_ALREADY_SENT
    })
    app.get('/native-events', context =>
      streamSSE(context, async stream => {
        await stream.writeSSE({ data: 'first' })
        await stage.hold()
      }),
    )
    app.get('/thrown', () => {
      throw new Error('thrown')
    })
    return make(getRequestListener(app.fetch as never) as RequestListener)
  },
  [PLAIN]: async (options, stage, make = createServer) => {
    const server = make((request, response) => {
      answer(request.url?.split('/')[2], request, response, stage)
    })
    const route = (request: IncomingMessage): string | undefined =>
      request.url?.startsWith('/raw/') === true ? '/raw/:name' : undefined
    if (options !== undefined) instrumentServer(server, { ...options, route })
    return server
  },
}
