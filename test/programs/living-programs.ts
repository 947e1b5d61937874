import type { Difference, LivingProgram } from './lives.ts'
import type { RequestParts } from './program.ts'
import { all, greeted, idle, keptAlive, onPort, requests, socketIo, stream, webSocket } from './visits.ts'

/** Express calls the layers of its routers through a method that promherd observes. */
const LINE_IN_EXPRESS: Difference = {
  reason:
    'The stack trace of an error that a route of Express throws has a line of promherd between the lines of each router that it passes. Express has no other place where the route of a thrown error is known.',
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
    'The stack trace of an error that a listener for an event of the server other than `request` throws has a line of promherd: it observes such events in `emit` of the server, since a listener would change how Node handles them.',
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
    name: 'node:http that listens for SIGINT only',
    file: 'sigint-only.cjs',
    visit: all(requests('GET /'), keptAlive),
    signal: 'SIGINT',
  },
  {
    name: 'socket.io, attached after the server listens',
    file: 'socket-io.cjs',
    visit: all(requests('GET /'), socketIo('polling'), socketIo('websocket')),
  },
  {
    name: 'Express with @godaddy/terminus',
    file: 'express-terminus.cjs',
    visit: all(requests('GET /items/1', 'GET /fail', 'GET /layers', 'GET /health', 'GET /none'), keptAlive),
    differs: { preload: LINE_IN_EXPRESS, 'promherd start': LINE_IN_EXPRESS },
  },
  {
    name: 'Express with http-terminator, beside node:http with stoppable',
    file: 'terminators.cjs',
    ports: 2,
    visit: all(requests('GET /'), keptAlive, onPort(1, all(requests('GET /'), keptAlive))),
  },
  {
    name: 'node:http with lightship, beside node:http with server-destroy',
    file: 'lightship.mjs',
    ports: 2,
    visit: all(keptAlive, onPort(1, keptAlive)),
  },
  {
    name: 'node:http with signal handlers that inspect the listeners of the process',
    file: 'listeners.mjs',
    visit: all(),
  },
  {
    name: 'Fastify with @fastify/websocket and close-with-grace',
    file: 'fastify-grace.cjs',
    visit: all(
      requests('GET /items/1', 'GET /fail', 'GET /routes', 'GET /none', 'GET /%'),
      webSocket('/socket'),
      keptAlive,
    ),
  },
  {
    name: 'NestJS with shutdown hooks and a microservice over TCP',
    file: 'nest.cjs',
    ports: 2,
    visit: all(requests('GET /api/items/1', 'GET /api/fail', 'GET /none'), onPort(1, idle)),
  },
  {
    name: 'Koa, koa-mount, Hono, polka, h3, tRPC, Express with multer, and hapi, each on its own port of one program',
    file: 'frameworks.mjs',
    ports: 8,
    visit: all(
      ...[
        requests('GET /items/1', 'GET /fail', 'DELETE /items/1', 'GET /none'),
        requests('GET /a/items/1', 'GET /b/items/2', 'GET /none'),
        requests('GET /items/1', 'GET /fail', 'GET /none'),
        requests('GET /items/1', 'GET /api/any', 'GET /none'),
        requests('GET /items/1', 'GET /fail', 'GET /none'),
        requests('GET /item', 'GET /none'),
        requests(
          ['POST /upload', upload('--b--')],
          ['POST /upload', upload('')],
          ['POST /upload', { headers: { 'Content-Type': 'multipart/form-data' }, body: 'x' }],
        ),
        requests('GET /items/1', 'GET /fail', 'GET /none'),
      ].map((visitor, i) => onPort(i, visitor)),
    ),
  },
  {
    name: 'Apollo, standalone',
    file: 'apollo.mjs',
    visit: requests(
      ['POST /', { headers: { 'Content-Type': 'application/json' }, body: '{"query":"{ item(id: 1) }"}' }],
      'GET /',
    ),
  },
  {
    name: 'ws, which closes its clients with a code, beside a server of node:net',
    file: 'ws-net.cjs',
    ports: 2,
    visit: all(requests('GET /'), webSocket('/'), onPort(1, greeted)),
  },
  {
    name: 'a program that throws at startup',
    file: 'crash.cjs',
    differs: { preload: LINE_IN_EVENTS, 'promherd start': LINE_IN_EVENTS },
  },
  { name: 'a program without a server', file: 'job.cjs' },
]
