import type { ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { pipeline } from 'node:stream'
import { closing, listening, type Stage, teapot } from '../stage.ts'
import type { Harness } from '../world.ts'

/** restify has no adapter, no nested routers and no types. It responds to thrown errors and does not report them. */
export const RESTIFY: readonly Harness[] = [
  {
    name: 'restify 12',
    thrown: 'server_error',
    async start(_options, stage) {
      // Required late, since restify changes the requests and responses of all other frameworks.
      const app = (createRequire(import.meta.url)('restify') as Restify).createServer()
      addRoutes(app, stage)
      return { url: await listening(app.server), close: () => closing(app.server) }
    },
  },
]

interface Restify {
  createServer(): App
}

type Handler = (request: unknown, response: ServerResponse, next: (error?: Error) => void) => void

interface App {
  readonly server: import('node:http').Server
  get(path: string, handler: Handler): void
  head(path: string, handler: Handler): void
  post(path: string, handler: Handler): void
}

function addRoutes(app: App, stage: Stage): void {
  const answer =
    (status: number, text?: string): Handler =>
    (_request, response, next) => {
      response.statusCode = status
      response.end(text)
      next()
    }
  app.get('/items/:id', answer(200, 'item'))
  app.head('/items/:id', answer(200))
  app.post('/items', answer(201))
  app.get('/nothing', answer(204))
  app.get('/unchanged', answer(304))
  app.get('/api/v1/items/:id', answer(200, 'item'))
  app.get('/api/v1/broken', (_request, _response, next) => next(new Error('broken')))
  app.get('/teapot', (_request, _response, next) => next(teapot()))
  app.get('/users/:id/posts/:post', answer(200, 'post'))
  app.get('/hold', (_request, response, next) => {
    void stage.hold().then(text => {
      response.end(text)
      next()
    })
  })
  app.get('/stream', (_request, response, next) => void pipeline(stage.stream(), response, () => next()))
}
