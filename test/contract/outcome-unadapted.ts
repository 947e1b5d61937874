import 'reflect-metadata'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { PassThrough, pipeline } from 'node:stream'
import { server as hapi } from '@hapi/hapi'
import { All, Get, type INestApplication, Param, Req, Res, Sse } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express from 'express'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Observable } from 'rxjs'
import { inBraces } from './harnesses/hapi.ts'
import { type Answers, controller, rootWith } from './harnesses/nest.ts'
import { HANDLERS } from './outcome-handlers.ts'
import type { OutcomeHarness } from './outcome-harnesses.ts'
import type { Stage } from './stage.ts'

const ON_EXPRESS = 'NestJS 12 on Express'
const ON_FASTIFY = 'NestJS 12 on Fastify'
/** The framework that responds to requests that Node would refuse. */
export const HAPI = 'hapi 21'
const RESTIFY = 'restify 12'

/** The frameworks that respond to thrown errors and do not report them. */
export const SILENT: readonly string[] = [RESTIFY]

/** `{ 'GET /raw/:name 200': 1 }` with the templates as a framework writes them. */
export function writes(name: string, table: Readonly<Record<string, number>>): Record<string, number> {
  const written = name === HAPI ? inBraces : (key: string): string => key
  return Object.fromEntries(Object.entries(table).map(([key, count]) => [written(key), count]))
}

function answer(name: string, request: IncomingMessage, response: ServerResponse, stage: Stage): void {
  HANDLERS[name]!(request, response, stage)
}

function fail(): never {
  throw new Error('thrown')
}

/** The applications of the other harnesses on frameworks without an adapter: only the preload records them. */
export const UNADAPTED: Readonly<Record<string, OutcomeHarness>> = {
  [ON_EXPRESS]: async (_options, stage, make = createServer) => {
    const listener = express()
    const raw = (name: string, request: IncomingMessage, response: ServerResponse): void =>
      answer(name, request, response, stage)
    await nest(stage, new ExpressAdapter(listener), raw)
    return make(listener)
  },
  [ON_FASTIFY]: async (_options, stage, make = createServer) => {
    const adapter = new FastifyAdapter({ serverFactory: ((handler: RequestListener) => make(handler)) as never })
    const instance = adapter.getInstance()
    // The handler reads the body, as in the other applications.
    instance.removeAllContentTypeParsers()
    instance.addContentTypeParser('*', (_request, _payload, done) => done(null))
    const app = await nest(stage, adapter, (name, request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack()
      answer(name, request.raw, reply.raw, stage)
    })
    await instance.ready()
    return app.getHttpServer()
  },
  [HAPI]: async (_options, stage, make = createServer) => {
    const listener = make()
    const app = hapi({ listener, autoListen: false, debug: false })
    const path = '/raw/{name}'
    const handler = ({ params, raw }: HapiRequest, { abandon }: { readonly abandon: symbol }): symbol => {
      answer(params['name']!, raw.req, raw.res, stage)
      return abandon
    }
    app.route({ method: 'GET', path, handler })
    app.route({ method: 'POST', path, handler, options: { payload: { output: 'stream', parse: false } } })
    app.route({
      method: 'GET',
      path: '/native-events',
      handler: (_request, h) =>
        h.response(pipeline(stage.stream(), new PassThrough(), () => {})).type('text/event-stream'),
    })
    app.route({ method: 'GET', path: '/thrown', handler: fail })
    // hapi reads this body.
    app.route({ method: 'POST', path: '/read', handler: () => 'taken' })
    await app.start()
    return listener
  },
  [RESTIFY]: async (_options, stage, make = createServer) => {
    // Required late, since restify changes the requests and responses of all other frameworks.
    const app = (createRequire(import.meta.url)('restify') as Restify).createServer()
    const raw: Handler = (request, response, next) => {
      response.once('close', next)
      answer(request.params['name']!, request, response, stage)
    }
    app.get('/raw/:name', raw)
    app.head('/raw/:name', raw)
    app.post('/raw/:name', raw)
    app.get('/native-events', (_request, response, next) => {
      response.once('close', next)
      response.setHeader('content-type', 'text/event-stream')
      stage.stream().pipe(response)
    })
    app.get('/thrown', async () => fail())
    // restify creates its server itself.
    return make((request, response) => void app.server.emit('request', request, response))
  },
}

interface HapiRequest {
  readonly params: Readonly<Record<string, string>>
  readonly raw: { readonly req: IncomingMessage; readonly res: ServerResponse }
}

type Handler = (
  request: IncomingMessage & { readonly params: Readonly<Record<string, string>> },
  response: ServerResponse,
  next: () => void,
) => unknown

interface Restify {
  createServer(): Readonly<Record<'get' | 'head' | 'post', (path: string, handler: Handler) => void>> & {
    readonly server: import('node:http').Server
  }
}

async function nest(
  stage: Stage,
  adapter: object,
  raw: (name: string, request: never, response: never) => void,
): Promise<INestApplication> {
  const answers: Answers = {
    raw: [[All('raw/:name')], raw, [Param('name'), Req(), Res()]],
    events: [[Sse('native-events')], () => eventsOf(stage)],
    thrown: [[Get('thrown')], fail],
  }
  const root = rootWith([controller('/', answers)])
  const app: INestApplication = await NestFactory.create(root, adapter as never, { logger: false, bodyParser: false })
  return app.init()
}

function eventsOf(stage: Stage): Observable<{ data: string }> {
  return new Observable(subscriber => {
    subscriber.next({ data: 'first' })
    void stage.hold().then(() => subscriber.complete())
  })
}
