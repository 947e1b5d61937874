import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createMonitor, instrumentServer, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorsOf, settled, troublesOf } from './reading.ts'
import { closing, listening } from './stage.ts'

/**
 * What Node answers by itself, byte for byte, with promherd and without: the same answers, the same end of the
 * connection, the same listeners, and each refusal counted once.
 */

interface Conversation {
  readonly options?: ServerOptions
  /** What else the application listens for. */
  readonly prepare?: (server: Server) => void
  /** What the client says, in pieces that are sent one after the other has been answered. */
  readonly says: readonly string[]
  /** The client says no more, and listens on. */
  readonly ends?: boolean
  /** The status lines that come, or other first lines. */
  readonly hears: readonly string[]
  /** Whether the server closes the connection; else it goes on to serve it. */
  readonly closes: boolean
  readonly requests: Readonly<Record<string, number>>
  readonly errors?: Readonly<Record<string, number>>
}

const HOST = 'host: localhost\r\n'
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`
const REFUSED = '_OTHER _refused'
const BAD_REQUEST = { requests: { [`${REFUSED} 400`]: 1 }, errors: { [`${REFUSED} protocol`]: 1 } }
const UPGRADE = `GET /socket HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: echo\r\n\r\n`
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`
const QUICK = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }

const switching = (server: Server): void =>
  void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    socket.end('bye')
  })

const CONVERSATIONS: Readonly<Record<string, Conversation>> = {
  'a request': { says: [GET], hears: ['HTTP/1.1 200 OK'], closes: false, requests: { 'GET _unknown 200': 1 } },
  'a request line that is none': {
    says: ['NONSENSE\r\n\r\n'],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    ...BAD_REQUEST,
  },
  'headers that are too large': {
    says: [`GET / HTTP/1.1\r\n${HOST}x: ${'x'.repeat(17_000)}\r\n\r\n`],
    hears: ['HTTP/1.1 431 Request Header Fields Too Large'],
    closes: true,
    requests: { [`${REFUSED} 431`]: 1 },
    errors: { [`${REFUSED} protocol`]: 1 },
  },
  'headers that never end': {
    options: QUICK,
    says: ['GET / HTTP/1.1\r\n'],
    hears: ['HTTP/1.1 408 Request Timeout'],
    closes: true,
    requests: { [`${REFUSED} 408`]: 1 },
    errors: { [`${REFUSED} timeout`]: 1 },
  },
  'a body that never ends': {
    options: QUICK,
    says: [`POST /read HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`],
    hears: ['HTTP/1.1 408 Request Timeout'],
    closes: true,
    requests: { 'POST _unknown 408': 1 },
    errors: { 'POST _unknown timeout': 1 },
  },
  'no host': {
    says: ['DELETE / HTTP/1.1\r\n\r\n'],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'DELETE _refused 400': 1 },
    errors: { 'DELETE _refused protocol': 1 },
  },
  'no host where none is asked for': {
    options: { requireHostHeader: false },
    says: ['GET / HTTP/1.1\r\n\r\n'],
    hears: ['HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'GET _unknown 200': 1 },
  },
  'no host in HTTP/1.0': {
    says: ['GET / HTTP/1.0\r\n\r\n'],
    hears: ['HTTP/1.1 200 OK'],
    closes: true,
    requests: { 'GET _unknown 200': 1 },
  },
  'an expectation that nobody knows': {
    says: [`PUT / HTTP/1.1\r\n${HOST}expect: foo\r\n\r\n`],
    hears: ['HTTP/1.1 417 Expectation Failed'],
    closes: false,
    requests: { 'PUT _refused 417': 1 },
    errors: { 'PUT _refused protocol': 1 },
  },
  'an expectation that the application answers': {
    prepare: server =>
      void server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
        response.statusCode = 417
        response.end('no')
      }),
    says: [`PUT / HTTP/1.1\r\n${HOST}expect: foo\r\n\r\n`],
    hears: ['HTTP/1.1 417 Expectation Failed'],
    closes: false,
    requests: { 'PUT _unknown 417': 1 },
    errors: { 'PUT _unknown client_error': 1 },
  },
  'an expectation to go on': {
    says: [`POST /read HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: 4\r\n\r\n`, 'body'],
    hears: ['HTTP/1.1 100 Continue', 'HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'POST _unknown 200': 1 },
  },
  'an expectation to go on that the application refuses': {
    prepare: server =>
      void server.on('checkContinue', (_request: IncomingMessage, response: ServerResponse) => {
        response.writeHead(403, { connection: 'close' })
        response.end()
      }),
    says: [`POST / HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: 4\r\n\r\n`],
    hears: ['HTTP/1.1 403 Forbidden'],
    closes: true,
    requests: { 'POST _unknown 403': 1 },
    errors: { 'POST _unknown auth': 1 },
  },
  'one request too many': {
    prepare: server => {
      server.maxRequestsPerSocket = 1
    },
    says: [GET + GET],
    ends: true,
    hears: ['HTTP/1.1 200 OK', 'HTTP/1.1 503 Service Unavailable'],
    closes: true,
    requests: { 'GET _unknown 200': 1, 'GET _refused 503': 1 },
    errors: { 'GET _refused protocol': 1 },
  },
  'an upgrade that nobody takes': {
    says: [UPGRADE],
    hears: ['HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'GET _unknown 200': 1 },
  },
  'an upgrade that is taken': {
    prepare: switching,
    says: [UPGRADE],
    hears: ['HTTP/1.1 101 Switching Protocols', 'bye'],
    closes: true,
    requests: { 'GET _unknown 101': 1 },
  },
  'an upgrade that is refused by hand': {
    prepare: server =>
      void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n')
      }),
    says: [UPGRADE],
    hears: ['HTTP/1.1 401 Unauthorized'],
    closes: true,
    requests: { 'GET _unknown 401': 1 },
    errors: { 'GET _unknown auth': 1 },
  },
  'an upgrade that is cut': {
    prepare: server => void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => socket.destroy()),
    says: [UPGRADE],
    hears: [],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown server_error': 1 },
  },
  // Node closes it without an event: it cannot be seen.
  'a tunnel that nobody takes': {
    says: [`CONNECT localhost:1 HTTP/1.1\r\n${HOST}\r\n`],
    hears: [],
    closes: true,
    requests: {},
  },
  'a tunnel that is taken': {
    prepare: server =>
      void server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
        socket.write(Buffer.from('HTTP/1.1 200 Connection Established\r\n\r\n'))
        socket.end('through')
      }),
    says: [`CONNECT localhost:1 HTTP/1.1\r\n${HOST}\r\n`],
    hears: ['HTTP/1.1 200 Connection Established', 'through'],
    closes: true,
    requests: { 'CONNECT _unknown 200': 1 },
  },
  'a client that has no more to say, and was answered': {
    says: [GET],
    ends: true,
    hears: ['HTTP/1.1 200 OK'],
    closes: true,
    requests: { 'GET _unknown 200': 1 },
  },
  'a client that has no more to say, and is not answered yet': {
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    ends: true,
    hears: [],
    closes: true,
    requests: { 'GET _unknown 499': 1 },
    errors: { 'GET _unknown client_abort': 1 },
  },
  'a client that ends within the headers': {
    says: ['GET / HTTP/1.1\r\nhost'],
    ends: true,
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a client that ends within the body': {
    says: [`POST /read HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`],
    ends: true,
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 499': 1 },
    errors: { 'POST _unknown client_abort': 1 },
  },
  'nonsense behind an answered request': {
    says: [GET, 'NONSENSE\r\n\r\n'],
    hears: ['HTTP/1.1 200 OK', 'HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 200': 1, [`${REFUSED} 400`]: 1 },
    errors: { [`${REFUSED} protocol`]: 1 },
  },
  'nonsense behind a request that waits': {
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\nNONSENSE\r\n\r\n`],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 400': 1 },
    errors: { 'GET _unknown protocol': 1 },
  },
  'a chunk that is none': {
    says: [`${CHUNKED.replace('/', '/read')}zz\r\n`],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 400': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'extensions of a chunk without end': {
    says: [`${CHUNKED.replace('/', '/read')}2;${'x'.repeat(17_000)}\r\n`],
    hears: ['HTTP/1.1 413 Payload Too Large'],
    closes: true,
    requests: { 'POST _unknown 413': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'nonsense to an application that answers it itself': {
    prepare: server => void server.on('clientError', (_error, socket) => void socket.end('HTTP/1.1 400 Own\r\n\r\n')),
    says: ['NONSENSE\r\n\r\n'],
    hears: ['HTTP/1.1 400 Own'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a server that waits no longer': {
    prepare: server => void server.setTimeout(50),
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    hears: [],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
  'a server that waits no longer, and says so': {
    prepare: server =>
      void server.setTimeout(50, socket => void socket.end('HTTP/1.1 503 Late\r\nconnection: close\r\n\r\n')),
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    hears: ['HTTP/1.1 503 Late'],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
}

function application(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {})
  if (request.url === '/hold') return
  if (request.url === '/read') request.resume().on('end', () => response.end('read'))
  else response.end('hello')
}

const PATIENT = { timeout: 10_000, interval: 5 }

let monitor: Monitor

beforeEach(() => {
  monitor = createMonitor({ slab: 'heap' })
})

afterEach(async () => {
  expect(await troublesOf(monitor)).toEqual({})
  await monitor.close()
})

/** All that a client hears, and whether the connection was closed or still serves. */
async function held(conversation: Conversation, server: Server): Promise<{ heard: string; events: string[] }> {
  const socket = connect({
    port: Number(new URL(await listening(server)).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  let heard = ''
  const events: string[] = []
  socket.on('data', piece => {
    heard += String(piece)
  })
  for (const event of ['end', 'close', 'error']) socket.on(event, () => events.push(event))
  await speak(conversation, socket, () => heard)
  if (conversation.closes) await expect.poll(() => events.length, PATIENT).toBeGreaterThan(0)
  else await stillServes(socket, () => heard)
  socket.destroy()
  if (!events.includes('close')) await once(socket, 'close')
  return { heard: heard.replaceAll(/Date: .*\r\n/g, ''), events }
}

async function speak({ says, ends, hears }: Conversation, socket: Socket, heard: () => string): Promise<void> {
  for (const [i, piece] of says.entries()) {
    socket.write(piece)
    if (i < says.length - 1) await expect.poll(heard, PATIENT).toContain(hears[i])
  }
  if (ends) socket.end()
  for (const line of hears) await expect.poll(heard, PATIENT).toContain(line)
}

async function stillServes(socket: Socket, heard: () => string): Promise<void> {
  await expect.poll(heard, PATIENT).toMatch(/\r\n\r\n/)
  const before = heard().split('HTTP/1.1 200 OK').length
  socket.write(GET)
  await expect.poll(() => heard().split('HTTP/1.1 200 OK').length, PATIENT).toBe(before + 1)
}

test.each(Object.entries(CONVERSATIONS))('with promherd and without, alike: %s', async (_name, conversation) => {
  const results: { heard: string; events: string[] }[] = []
  for (const isWatched of [false, true]) {
    const server = createServer(conversation.options ?? {}, application)
    conversation.prepare?.(server)
    const events = server.eventNames().map(event => [event, server.listenerCount(event)])
    if (isWatched) {
      const others = events.filter(([event]) => event !== 'request')
      instrumentServer(server, { monitor })
      expect(server.eventNames().map(event => [event, server.listenerCount(event)])).toEqual(
        expect.arrayContaining(others),
      )
      expect(server.eventNames()).toEqual(events.map(([event]) => event))
    }
    results.push(await held(conversation, server))
    await closing(server)
  }
  expect(results[1]).toEqual(results[0])
  const heard = results[1]!.heard
  for (const line of conversation.hears) expect(heard).toContain(line)
  if (conversation.hears.length === 0) expect(heard).toBe('')
  const requests: Record<string, number> = { ...conversation.requests }
  if (!conversation.closes) requests['GET _unknown 200'] = (requests['GET _unknown 200'] ?? 0) + 1
  await settled(monitor, requests)
  expect(await errorsOf(monitor)).toEqual(conversation.errors ?? {})
})
