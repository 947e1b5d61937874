import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { serve } from '@hono/node-server'
import { createApp, createRouter, defineEventHandler, getRouterParam, toNodeListener } from 'h3-1'
import { Hono } from 'hono'
import { matchedRoutes } from 'hono/route'

/** A server of each framework on a port of its own. They are closed one after the other. */

const require = createRequire(import.meta.url)
const ports = process.env.PORTS.split(',').map(Number)
const host = '127.0.0.1'

function koa(port) {
  const Koa = require('koa')
  const Router = require('@koa/router')
  const app = new Koa()
  app.silent = true
  const router = new Router()
  router.get('/items/:id', context => {
    context.body = { id: context.params.id, middleware: app.middleware.map(({ name }) => name) }
  })
  router.get('/fail', () => {
    throw new Error('thrown by the route')
  })
  app.use(router.routes()).use(router.allowedMethods())
  return app.listen(port, host)
}

function koaMount(port) {
  const Koa = require('koa')
  const Router = require('@koa/router')
  const mount = require('koa-mount')
  const inner = new Koa()
  inner.silent = true
  const router = new Router().get('/items/:id', context => {
    context.body = { mountPath: context.mountPath, path: context.path, originalUrl: context.originalUrl }
  })
  inner.use(router.routes())
  return new Koa().use(mount('/a', inner)).use(mount('/b', inner)).listen(port, host)
}

function hono(port) {
  const app = new Hono()
  app.get('/items/:id', c => c.json({ id: c.req.param('id'), routes: matchedRoutes(c).map(({ path }) => path) }))
  app.get('/fail', () => {
    throw new Error('thrown by the route')
  })
  app.onError((error, c) => c.text(error.message, 500))
  return serve({ fetch: app.fetch, port, hostname: host })
}

function polka(port) {
  return require('polka')()
    .use('/api', (request, response) => response.end(`${request.path} ${request.originalUrl}`))
    .get('/items/:id', (request, response) => response.end(JSON.stringify(request.params)))
    .listen(port, host).server
}

function h3(port) {
  const router = createRouter()
    .get(
      '/items/:id',
      defineEventHandler(event => ({ id: getRouterParam(event, 'id'), keys: Object.keys(event) })),
    )
    .get(
      '/fail',
      defineEventHandler(() => {
        throw new Error('thrown by the handler')
      }),
    )
  return createServer(toNodeListener(createApp().use(router))).listen(port, host)
}

function trpc(port) {
  const { initTRPC } = require('@trpc/server')
  const { createHTTPServer } = require('@trpc/server/adapters/standalone')
  const t = initTRPC.create()
  const router = t.router({ item: t.procedure.query(() => ({ item: true })) })
  const server = createHTTPServer({ router })
  server.listen(port, host)
  return server
}

function multer(port) {
  const app = require('express')()
  app.post('/upload', require('multer')().single('file'), (request, response) => {
    response.json({ name: request.file?.originalname, size: request.file?.size })
  })
  // Express takes a function with four parameters for a handler of errors.
  app.use((error, _request, response, _next) => {
    console.log('error', error.code ?? error.message)
    response.status(400).json({ error: error.message })
  })
  return app.listen(port, host)
}

function hapi(port) {
  const server = require('@hapi/hapi').server({ port, host, debug: false })
  server.route({ method: 'GET', path: '/items/{id}', handler: request => ({ id: request.params.id }) })
  server.route({
    method: 'GET',
    path: '/fail',
    handler: () => {
      throw new Error('thrown by the handler')
    },
  })
  server.ext('onPostStop', () => console.log('onPostStop'))
  return server
}

const servers = Object.entries({ koa, koaMount, hono, polka, h3, trpc, multer }).map(([name, listen], i) => [
  name,
  listen(ports[i]),
])
const hapiServer = hapi(ports[servers.length])
await hapiServer.start()
process.on('SIGTERM', async signal => {
  for (const [name, server] of servers) {
    console.log(signal, name, server.listening)
    await promisify(server.close.bind(server))()
  }
  await hapiServer.stop({ timeout: 1000 })
  process.exit(4)
})
