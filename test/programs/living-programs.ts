import type { LivingProgram } from './lives.ts'
import { all, idleOnOtherPort, keptAlive, requests, socketIo, stream, webSocket } from './visits.ts'

/** The rows of `docs/programs.md`. */
export const PROGRAMS: readonly LivingProgram[] = [
  {
    name: 'node:http with server-sent events and its own exit code',
    file: 'node-http.cjs',
    visit: all(requests('GET /a', ['POST /b', { body: 'body' }], 'HEAD /c'), keptAlive, stream('/events')),
  },
  {
    name: 'the same, ended by SIGINT',
    file: 'node-http.cjs',
    visit: all(requests('GET /a'), stream('/events')),
    signal: 'SIGINT',
  },
  {
    name: 'node:http that listens for SIGINT only',
    file: 'sigint-only.cjs',
    visit: requests('GET /'),
    signal: 'SIGINT',
  },
  { name: 'ws, which closes its clients with a code', file: 'ws.cjs', visit: all(requests('GET /'), webSocket) },
  {
    name: 'socket.io, attached after the server listens',
    file: 'socket-io.cjs',
    visit: all(requests('GET /'), socketIo('polling'), socketIo('websocket')),
  },
  {
    name: 'Express with @godaddy/terminus',
    file: 'express-terminus.cjs',
    visit: requests('GET /items/1', 'GET /fail', 'GET /layers', 'GET /health', 'GET /none'),
  },
  { name: 'Express with http-terminator', file: 'express-terminator.cjs', visit: all(requests('GET /'), keptAlive) },
  { name: 'node:http with stoppable', file: 'stoppable.cjs', visit: all(requests('GET /'), keptAlive) },
  {
    name: 'Fastify with close-with-grace',
    file: 'fastify-grace.cjs',
    visit: requests('GET /items/1', 'GET /fail', 'GET /routes', 'GET /none', 'GET /%'),
  },
  { name: 'Koa', file: 'koa.cjs', visit: requests('GET /items/1', 'GET /fail', 'DELETE /items/1', 'GET /none') },
  { name: 'Hono', file: 'hono.mjs', visit: requests('GET /items/1', 'GET /fail', 'GET /none') },
  {
    name: 'NestJS with shutdown hooks',
    file: 'nest.cjs',
    visit: requests('GET /api/items/1', 'GET /api/fail', 'GET /none'),
  },
  { name: 'node:http beside a server of node:net', file: 'net.cjs', visit: all(requests('GET /'), idleOnOtherPort) },
  { name: 'a program that fails as it starts', file: 'crash.cjs' },
  { name: 'a program without a server', file: 'job.cjs' },
]
