import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { AdapterOptions } from '@promherd/core/adapter'
import { prometheus } from '@promherd/hono'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Stage } from '../stage.ts'
import type { Harness } from '../world.ts'
import { serving } from './serving.ts'

export const HONO: readonly Harness[] = [
  { name: 'Hono 4', thrown: 'exception', start: (options, stage) => serving('HTTP/1.1', listener(options, stage)) },
  {
    name: 'Hono 4, HTTP/2',
    protocol: 'HTTP/2',
    thrown: 'exception',
    start: (options, stage) => serving('HTTP/2', listener(options, stage)),
  },
]

function listener(options: AdapterOptions | undefined, stage: Stage): ReturnType<typeof getRequestListener> {
  return getRequestListener(application(options, stage).fetch)
}

function application(options: AdapterOptions | undefined, stage: Stage): Hono {
  const app = new Hono()
  // Without `onError`, Hono logs errors.
  app.onError((error, context) =>
    error instanceof HTTPException ? error.getResponse() : context.text('Internal Server Error', 500),
  )
  if (options !== undefined) app.use(prometheus(options))
  app.get('/items/:id', context => context.text('item'))
  app.post('/items', context => context.text('made', 201))
  app.get('/nothing', context => context.body(null, 204))
  app.get('/unchanged', context => context.body(null, 304))
  app.get('/teapot', () => {
    throw new HTTPException(418)
  })
  app.get('/hold', async context => context.text(await stage.hold()))
  app.get('/stream', context => context.body(Readable.toWeb(stage.stream()) as ReadableStream))
  app.route('/api', new Hono().route('/v1', inner()))
  return app.route(
    '/users/:id',
    new Hono().get('/posts/:post', context => context.text('post')),
  )
}

function inner(): Hono {
  const v1 = new Hono()
  v1.get('/items/:id', context => context.text('item'))
  return v1.get('/broken', () => {
    throw new Error('broken')
  })
}
