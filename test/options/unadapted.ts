import 'reflect-metadata'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import { server as hapi } from '@hapi/hapi'
import { Body, Get, Header, HttpCode, type INestApplication, Post, StreamableFile } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express from 'express'
import { controller, rootWith } from '../contract/harnesses/nest.ts'
import { closing, listening } from '../contract/stage.ts'
import { packed, type Running } from './applications.ts'

/** The applications of the option laws on frameworks without an adapter: only the preload records them. */
export const UNADAPTED: Readonly<Record<string, () => Promise<Running>>> = {
  'NestJS 12 on Express': async () => {
    const app = await nest(new ExpressAdapter())
    // One parser for the route, as in the others: NestJS would have one for all.
    app.use('/parsed', express.json({ limit: '1mb' }))
    return served(await app.init())
  },
  'NestJS 12 on Fastify': async () => {
    const app = await nest(new FastifyAdapter())
    await app.init()
    await (app.getHttpAdapter().getInstance() as { ready(): Promise<void> }).ready()
    return served(app)
  },
  'hapi 21': async () => {
    const app = hapi({ host: '127.0.0.1', port: 0, debug: false })
    app.route({ method: 'POST', path: '/parsed', handler: ({ payload }) => payload })
    app.route({
      method: 'GET',
      path: '/packed',
      handler: (_request, h) => h.response(packed().pipe(new PassThrough())).header('content-encoding', 'gzip'),
    })
    const payload = { output: 'stream', parse: false } as const
    app.route({ method: 'POST', path: '/unread', options: { payload }, handler: () => 'no' })
    await app.start()
    return { url: `http://127.0.0.1:${app.info.port}`, close: () => closing(app.listener) }
  },
  'restify 12': async () => {
    // Required late, since restify changes the requests and responses of all other frameworks.
    const restify = createRequire(import.meta.url)('restify') as Restify
    const app = restify.createServer()
    app.post('/parsed', ...restify.plugins.bodyParser(), (request, response, next) => {
      response.end(JSON.stringify(request.body))
      next()
    })
    app.get('/packed', (_request, response, next) => {
      response.setHeader('content-encoding', 'gzip')
      packed().pipe(response).once('close', next)
    })
    app.post('/unread', (_request, response, next) => {
      response.end('no')
      next()
    })
    return { url: await listening(app.server), close: () => closing(app.server) }
  },
}

type Handler = (
  request: IncomingMessage & { readonly body?: unknown },
  response: ServerResponse,
  next: () => void,
) => void
type Route = (path: string, ...handlers: Handler[]) => void

interface Restify {
  createServer(): { readonly server: Server; readonly get: Route; readonly post: Route }
  readonly plugins: { bodyParser(): Handler[] }
}

function nest(adapter: ExpressAdapter | FastifyAdapter): Promise<INestApplication> {
  const answering = controller('/', {
    parsed: [[Post('parsed'), HttpCode(200)], (body: unknown) => body, [Body()]],
    packed: [[Get('packed'), Header('content-encoding', 'gzip')], () => new StreamableFile(packed())],
    unread: [[Post('unread'), HttpCode(200)], () => 'no'],
  })
  const options = { logger: false, bodyParser: adapter instanceof FastifyAdapter } as const
  return NestFactory.create(rootWith([answering]), adapter as never, options)
}

async function served(app: INestApplication): Promise<Running> {
  const server = app.getHttpServer() as Server
  return { url: await listening(server), close: () => closing(server) }
}
