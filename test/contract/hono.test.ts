import { once } from 'node:events'
import type { Server } from 'node:http'
import { Readable } from 'node:stream'
import { serve } from '@hono/node-server'
import { prometheus } from '@promherd/hono'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { fulfilsTheContract } from './contract.ts'
import { closing, listening } from './stage.ts'

fulfilsTheContract('Hono', {
  thrown: 'exception',
  async start(options, stage) {
    const app = new Hono()
    // Hono prints what it was not told to handle.
    app.onError((error, context) =>
      error instanceof HTTPException ? error.getResponse() : context.text('Internal Server Error', 500),
    )
    app.use(prometheus(options))
    app.get('/items/:id', context => context.text('item'))
    app.post('/items', context => context.text('made', 201))
    app.get('/nothing', context => context.body(null, 204))
    app.get('/unchanged', context => context.body(null, 304))
    app.get('/teapot', () => {
      throw new HTTPException(418)
    })
    app.get('/hold', async context => context.text(await stage.hold()))
    app.get('/stream', context => context.body(Readable.toWeb(stage.stream()) as ReadableStream))
    const v1 = new Hono()
    v1.get('/items/:id', context => context.text('item'))
    v1.get('/broken', () => {
      throw new Error('broken')
    })
    app.route('/api', new Hono().route('/v1', v1))
    app.route(
      '/users/:id',
      new Hono().get('/posts/:post', context => context.text('post')),
    )
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
    if (!server.listening) await once(server, 'listening')
    return { url: await listening(server), close: () => closing(server) }
  },
})
