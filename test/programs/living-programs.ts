import type { Difference, LivingProgram } from './lives.ts'
import type { RequestParts } from './program.ts'
import { all, idleOnOtherPort, keptAlive, requests, socketIo, stream, webSocket } from './visits.ts'

/** Express calls the layers of its routers through a method that promherd observes. */
const LINE_IN_EXPRESS: Difference = {
  reason:
    'The stack trace of an error that a route of Express throws has a line of promherd between those of the router, for each router on the way. Express has no other place in which a route that throws is known.',
  leftOut: life => ({
    ...life,
    answers: life.answers.map(answer =>
      answer.replace(/<br> .*<\/pre>/, '</pre>').replace(/^Content-Length: .*$/m, 'Content-Length:'),
    ),
  }),
}

/** Events of a server besides `request` pass through a function of promherd. */
const LINE_IN_EVENTS: Difference = {
  reason:
    'The stack trace of an error that a listener for an event of the server other than `request` throws has a line of promherd: such events are seen where the server emits them, since a listener would change what Node does.',
  leftOut: life => ({ ...life, stderr: life.stderr.replace(/^ +at Server\.emit \(file:.*\n/m, '') }),
}

/** A file of one byte as a browser sends it; `end` closes it. */
function upload(end: string): RequestParts {
  const body = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n${end}`
  return { headers: { 'Content-Type': 'multipart/form-data; boundary=b' }, body }
}

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
    differs: { preload: LINE_IN_EXPRESS, 'promherd start': LINE_IN_EXPRESS },
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
  {
    name: 'Koa with koa-mount',
    file: 'koa-mount.cjs',
    visit: requests('GET /a/items/1', 'GET /b/items/2', 'GET /none'),
  },
  {
    name: 'Express with multer',
    file: 'multer.cjs',
    visit: requests(
      ['POST /upload', upload('--b--')],
      ['POST /upload', upload('')],
      ['POST /upload', { headers: { 'Content-Type': 'multipart/form-data' }, body: 'x' }],
    ),
  },
  { name: 'hapi', file: 'hapi.cjs', visit: requests('GET /items/1', 'GET /fail', 'GET /none') },
  { name: 'polka', file: 'polka.cjs', visit: requests('GET /items/1', 'GET /api/any', 'GET /none') },
  { name: 'h3', file: 'h3.mjs', visit: requests('GET /items/1', 'GET /fail', 'GET /none') },
  {
    name: 'Apollo, standalone',
    file: 'apollo.mjs',
    visit: requests(
      ['POST /', { headers: { 'Content-Type': 'application/json' }, body: '{"query":"{ item(id: 1) }"}' }],
      'GET /',
    ),
  },
  { name: 'tRPC, standalone', file: 'trpc.cjs', visit: requests('GET /item', 'GET /none') },
  { name: 'node:http beside a server of node:net', file: 'net.cjs', visit: all(requests('GET /'), idleOnOtherPort) },
  {
    name: 'a program that fails as it starts',
    file: 'crash.cjs',
    differs: { preload: LINE_IN_EVENTS, 'promherd start': LINE_IN_EVENTS },
  },
  { name: 'a program without a server', file: 'job.cjs' },
]
