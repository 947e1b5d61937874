import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import websocket from '@fastify/websocket'
import { createAdaptorServer, upgradeWebSocket } from '@hono/node-server'
import { createNodeWebSocket } from '@hono/node-ws'
import Router from '@koa/router'
import type { Monitor } from '@promherd/core'
import { instrumentServer } from '@promherd/core'
import { prometheus as onExpress } from '@promherd/express'
import { prometheus as onFastify } from '@promherd/fastify'
import { prometheus as onHono } from '@promherd/hono'
import { prometheus as onKoa } from '@promherd/koa'
import express, { type Express } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { expect } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { VERSIONS } from '../harnesses/express.ts'
import type { Chapter, Law, Subject } from '../law.ts'
import { numberOf, settled, streamsOf } from '../reading.ts'
import { closing, listening } from '../stage.ts'
import { routesSubjects } from './asking.ts'

// Without types of their own.
const require = createRequire(import.meta.url)

/** A socket that responds. */
interface Answering {
  send(text: string): void
  on(event: 'message', heard: (message: unknown) => void): unknown
}

function echo(socket: Answering): void {
  socket.on('message', message => socket.send(`heard ${String(message)}`))
}

/** A server with a WebSocket at `/rooms/:id/socket`, or at `/socket` if there are no routes. */
interface Sockets {
  readonly server: Server
  /** The route of its WebSocket, and two paths that it has. */
  readonly route: string
  readonly paths: readonly string[]
  /** The record of a handshake for `/none`. */
  readonly missing: string
  close?(): Promise<unknown>
}

type Make = (monitor: Monitor | undefined) => Sockets | Promise<Sockets>

const ROUTED = { route: '/rooms/:id/socket', paths: ['/rooms/1/socket', '/rooms/2/socket?a=b'] }
const UNROUTED = { route: '/socket', paths: ['/socket', '/socket?a=b'] }

function withExpressWs(expressOf: () => Express): Make {
  return monitor => {
    const app = expressOf()
    const server = createServer(app)
    const expressWs = require('express-ws') as (app: Express, server: Server) => void
    expressWs(app, server)
    if (monitor !== undefined) app.use(onExpress({ monitor }))
    const router = (expressOf === VERSIONS['Express 4'] ? VERSIONS['Express 4']! : express).Router({
      mergeParams: true,
    })
    const routes = router as unknown as Record<'ws', (path: string, take: (socket: Answering) => void) => void>
    if (routes.ws === undefined)
      (require('express-ws/lib/add-ws-method') as { default(of: object): void }).default(router)
    routes.ws('/socket', echo)
    app.use('/rooms/:id', router)
    return { ...ROUTED, server, missing: 'GET _middleware 101' }
  }
}

const MAKES: Readonly<Record<string, Make>> = {
  '@fastify/websocket': async monitor => {
    const app = fastify()
    if (monitor !== undefined) await app.register(onFastify, { monitor })
    await app.register(websocket)
    await app.register(async rooms => void rooms.get('/socket', { websocket: true }, socket => echo(socket)), {
      prefix: '/rooms/:id',
    })
    await app.ready()
    return { ...ROUTED, server: app.server, missing: 'GET _unmatched 404', close: () => app.close() }
  },
  'express-ws on Express 5': withExpressWs(VERSIONS['Express 5']!),
  'express-ws on Express 4': withExpressWs(VERSIONS['Express 4']!),
  'upgradeWebSocket of @hono/node-server': monitor => {
    const app = new Hono()
    if (monitor !== undefined) app.use(onHono({ monitor }))
    const rooms = new Hono().get(
      '/socket',
      upgradeWebSocket(() => ({ onMessage: answering })),
    )
    app.route('/rooms/:id', rooms)
    const websockets = { server: new WebSocketServer({ noServer: true }) as never }
    const server = createAdaptorServer({ fetch: app.fetch, websocket: websockets }) as Server
    return { ...ROUTED, server, missing: 'GET _unmatched 404' }
  },
  '@hono/node-ws': monitor => {
    const app = new Hono()
    const { injectWebSocket, upgradeWebSocket: upgrade } = createNodeWebSocket({ app })
    if (monitor !== undefined) app.use(onHono({ monitor }))
    app.route(
      '/rooms/:id',
      new Hono().get(
        '/socket',
        upgrade(() => ({ onMessage: answering })),
      ),
    )
    const server = createAdaptorServer({ fetch: app.fetch }) as Server
    injectWebSocket(server)
    return { ...ROUTED, server, missing: 'GET _unmatched 404' }
  },
  'koa-websocket': monitor => {
    const app = (require('koa-websocket') as (app: Koa) => WithSockets)(new Koa())
    const router = new Router({ prefix: '/rooms/:id' }).all('/socket', ((context: { readonly websocket: Answering }) =>
      echo(context.websocket)) as never)
    if (monitor !== undefined) app.ws.use(onKoa({ monitor }))
    app.ws.use(router.routes())
    if (monitor !== undefined) app.use(onKoa({ monitor }) as never)
    const server = createServer(app.callback())
    app.ws.listen({ server })
    return { ...ROUTED, server, missing: 'GET _middleware 101' }
  },
  'ws with a path': monitor => {
    const server = createServer()
    if (monitor !== undefined) instrumentServer(server, { monitor })
    new WebSocketServer({ server, path: '/socket' }).on('connection', echo)
    return { ...UNROUTED, server, missing: 'GET _unknown 400' }
  },
}

type WithSockets = Koa & { readonly ws: { use(middleware: unknown): void; listen(options: object): void } }

function answering(event: { readonly data: unknown }, socket: { send(text: string): void }): void {
  socket.send(`heard ${String(event.data)}`)
}

interface World extends Sockets {
  readonly monitor: Monitor
  readonly url: string
}

const LAWS: readonly Law<World>[] = [
  {
    sentence: 'a WebSocket has the route that accepted it, and is counted once',
    async run({ monitor, url, route, paths }) {
      for (const path of paths) {
        const socket = new WebSocket(url + path)
        await once(socket, 'open')
        socket.send('one')
        expect(String((await once(socket, 'message'))[0])).toBe('heard one')
        expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 1 })
        expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
        socket.close()
        await once(socket, 'close')
      }
      await settled(monitor, { [`GET ${route} 101`]: paths.length })
    },
  },
  {
    sentence: 'a WebSocket that no route accepted has no route, and never the path',
    async run({ monitor, url, missing }) {
      for (const path of ['/none', '/other/1']) {
        const socket = new WebSocket(url + path)
        socket.once('open', () => socket.terminate())
        socket.on('error', () => {})
        await new Promise(resolve => socket.once('close', resolve))
      }
      await settled(monitor, { [missing]: 2 })
    },
  },
]

async function worldOf(make: Make, monitor: Monitor, isPreloaded: boolean): Promise<World> {
  const sockets = await make(isPreloaded ? undefined : monitor)
  const url = (await listening(sockets.server)).replace('http', 'ws')
  return { ...sockets, monitor, url }
}

function ending({ name, like, within }: Subject<World>): Subject<World> {
  return {
    name,
    like,
    within: use =>
      within(async world => {
        try {
          await use(world)
        } finally {
          await (world.close?.() ?? closing(world.server))
        }
      }),
  }
}

/** The labels of routes of connections that leave HTTP. */
export const ON_WEBSOCKETS: Chapter<World> = {
  title: 'Routes of WebSockets',
  about:
    'A WebSocket that a framework routes has its route. A WebSocket that a server of `ws` or socket.io accepts ' +
    'itself has the path in the options of that server, or `_unknown` without one.',
  subjects: routesSubjects<World>(
    Object.fromEntries(
      Object.entries(MAKES).map(([name, make]) => [
        name,
        (monitor: Monitor, isPreloaded: boolean) => worldOf(make, monitor, isPreloaded),
      ]),
    ),
  ).map(ending),
  laws: LAWS,
}
