import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { pipeline } from 'node:stream/promises'
import fastifyMultipart from '@fastify/multipart'
import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import { instrumentServer, type Monitor } from '@promherd/core'
import * as onExpress from '@promherd/express'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import * as onKoa from '@promherd/koa'
import express5, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import formidable from 'formidable'
import { type Context, Hono } from 'hono'
import Koa, { type Middleware } from 'koa'
import { koaBody } from 'koa-body'
import multer from 'multer'

/**
 * Applications that accept an upload at `POST /upload` and respond in their own way if it fails. `GET /` returns 200.
 * With a monitor, their adapter records.
 */
export type UploadApplication = (monitor: Monitor | undefined) => Promise<Server> | Server

const require = createRequire(import.meta.url)
const express4 = require('express4') as typeof express5
// It has no types.
const koaMulter = require('@koa/multer') as () => { any(): Middleware }

/** Responds with 400 at an event of the request, the response or their connection. */
function answering(subject: 'request' | 'response' | 'socket', event: string): RequestListener {
  return (request, response) => {
    const answer = (): void => {
      response.statusCode = 400
      response.end('gone')
    }
    request.on('error', () => {}).resume()
    if (request.method === 'GET') response.end('here')
    else if (subject === 'request') request.once(event, answer)
    else (subject === 'response' ? response : request.socket).once(event, answer)
  }
}

function plain(listener: RequestListener): UploadApplication {
  return monitor => {
    const server = createServer(listener)
    const route = (request: IncomingMessage): string => (request.method === 'GET' ? '/' : '/upload')
    if (monitor !== undefined) instrumentServer(server, { monitor, route })
    return server
  }
}

function withExpress(express: typeof express5, ...takers: RequestHandler[]): UploadApplication {
  return monitor => {
    const app = express()
    app.set('env', 'test')
    if (monitor !== undefined) app.use(onExpress.prometheus({ monitor }))
    app.get('/', (_request, response) => void response.send('here'))
    app.post('/upload', ...takers, (_request, response) => void response.send('taken'))
    app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
      response.status(400).send('failed')
    })
    return createServer(app)
  }
}

const parsingForm: RequestHandler = (request, _response, next) => {
  formidable({}).parse(request, error => next(error ?? undefined))
}

function withFastify(prepare: (app: FastifyInstance) => Promise<void>): UploadApplication {
  return async monitor => {
    const app = fastify()
    if (monitor !== undefined) await app.register(onFastify.prometheus, { monitor })
    app.get('/', async () => 'here')
    await prepare(app)
    await app.ready()
    return app.server
  }
}

function withKoa(...takers: Middleware[]): UploadApplication {
  return monitor => {
    const app = new Koa()
    app.silent = true
    if (monitor !== undefined) app.use(onKoa.prometheus({ monitor }))
    app.use(async (context, next) => {
      try {
        await next()
      } catch {
        context.status = 400
        context.body = 'failed'
      }
    })
    const router = new Router()
    router.get('/', context => {
      context.body = 'here'
    })
    router.post('/upload', ...(takers as never[]), (context: Koa.Context) => {
      context.body = 'taken'
    })
    app.use(router.routes() as never)
    return createServer(app.callback())
  }
}

function withHono(take: (context: Context) => Promise<unknown>): UploadApplication {
  return monitor => {
    const app = new Hono()
    if (monitor !== undefined) app.use(onHono.prometheus({ monitor }))
    app.onError((_error, context) => context.text('failed', 400))
    app.get('/', context => context.text('here'))
    app.post('/upload', async context => {
      await take(context)
      return context.text('taken')
    })
    return createServer(getRequestListener(app.fetch) as RequestListener)
  }
}

/** Reads a body to its end, and responds with 400 if that fails. */
const reading = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (request.method === 'GET') return void response.end('here')
  try {
    await pipeline(request, async function* drain(pieces) {
      for await (const piece of pieces) yield piece
    })
    response.end('taken')
  } catch {
    response.statusCode = 400
    response.end('failed')
  }
}

/** Destroys the request when it is aborted, and responds then. */
const destroying: RequestListener = (request, response) => {
  if (request.method === 'GET') return void response.end('here')
  request
    .on('error', () => {})
    .once('aborted', () => {
      request.destroy()
      response.writeHead(400, { connection: 'close' }).end('failed')
    })
    .resume()
}

/** By their names in `docs/laws.md`. */
export const UPLOAD_APPLICATIONS: Readonly<Record<string, UploadApplication>> = {
  'node:http, `aborted` of the request': plain(answering('request', 'aborted')),
  'node:http, `error` of the request': plain(answering('request', 'error')),
  'node:http, `close` of the request': plain(answering('request', 'close')),
  'node:http, `close` of the response': plain(answering('response', 'close')),
  'node:http, `close` of the socket': plain(answering('socket', 'close')),
  'node:http, `end` of the socket': plain(answering('socket', 'end')),
  'node:http, a pipeline': plain((request, response) => void reading(request, response)),
  'node:http, destroying the request': plain(destroying),
  'Express 5, express.json': withExpress(express5, express5.json()),
  'Express 4, express.json': withExpress(express4, express4.json()),
  'Express 5, multer': withExpress(express5, multer().any()),
  'Express 4, multer': withExpress(express4, multer().any()),
  'Express 5, formidable': withExpress(express5, parsingForm),
  'Fastify 5, its parser': withFastify(async app => void app.post('/upload', async () => 'taken')),
  'Fastify 5, @fastify/multipart': withFastify(async app => {
    await app.register(fastifyMultipart, { attachFieldsToBody: true })
    app.post('/upload', async () => 'taken')
  }),
  'Koa 3, koa-body': withKoa(koaBody({ multipart: true }) as Middleware),
  'Koa 3, @koa/multer': withKoa(koaMulter().any()),
  'Hono 4, parseBody': withHono(context => context.req.parseBody()),
  'Hono 4, json': withHono(context => context.req.json()),
}
