import type { IncomingMessage, ServerResponse } from 'node:http'
import { BAD_REQUEST, type Conversation, GET, HOST, QUICK, REFUSED } from './conversation.ts'

/** Requests that Node refuses, and some that it does not. */
export const REFUSALS: Readonly<Record<string, Conversation>> = {
  'a request': { sends: [GET], receives: ['HTTP/1.1 200 OK'], closes: false, requests: { 'GET _unknown 200': 1 } },
  'an invalid request line': {
    sends: ['NONSENSE\r\n\r\n'],
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    ...BAD_REQUEST,
  },
  'headers that are too large': {
    sends: [`GET / HTTP/1.1\r\n${HOST}x: ${'x'.repeat(17_000)}\r\n\r\n`],
    receives: ['HTTP/1.1 431 Request Header Fields Too Large'],
    closes: true,
    requests: { [`${REFUSED} 431`]: 1 },
    errors: { [`${REFUSED} protocol`]: 1 },
  },
  'headers that never end': {
    options: QUICK,
    sends: ['GET / HTTP/1.1\r\n'],
    receives: ['HTTP/1.1 408 Request Timeout'],
    closes: true,
    requests: { [`${REFUSED} 408`]: 1 },
    errors: { [`${REFUSED} timeout`]: 1 },
  },
  'a body that never ends': {
    options: QUICK,
    sends: [`POST /read HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`],
    receives: ['HTTP/1.1 408 Request Timeout'],
    closes: true,
    requests: { 'POST _unknown 408': 1 },
    errors: { 'POST _unknown timeout': 1 },
  },
  'no host': {
    sends: ['DELETE / HTTP/1.1\r\n\r\n'],
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'DELETE _refused 400': 1 },
    errors: { 'DELETE _refused protocol': 1 },
  },
  'no host with `requireHostHeader: false`': {
    options: { requireHostHeader: false },
    sends: ['GET / HTTP/1.1\r\n\r\n'],
    receives: ['HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'GET _unknown 200': 1 },
  },
  'no host in HTTP/1.0': {
    sends: ['GET / HTTP/1.0\r\n\r\n'],
    receives: ['HTTP/1.1 200 OK'],
    closes: true,
    requests: { 'GET _unknown 200': 1 },
  },
  'an unknown expectation': {
    sends: [`PUT / HTTP/1.1\r\n${HOST}expect: foo\r\n\r\n`],
    receives: ['HTTP/1.1 417 Expectation Failed'],
    closes: false,
    requests: { 'PUT _refused 417': 1 },
    errors: { 'PUT _refused protocol': 1 },
  },
  'an expectation that the application responds to': {
    prepare: server =>
      void server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
        response.statusCode = 417
        response.end('no')
      }),
    sends: [`PUT / HTTP/1.1\r\n${HOST}expect: foo\r\n\r\n`],
    receives: ['HTTP/1.1 417 Expectation Failed'],
    closes: false,
    requests: { 'PUT _unknown 417': 1 },
    errors: { 'PUT _unknown client_error': 1 },
  },
  'an expectation of 100-continue': {
    sends: [`POST /read HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: 4\r\n\r\n`, 'body'],
    receives: ['HTTP/1.1 100 Continue', 'HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'POST _unknown 200': 1 },
  },
  'an expectation of 100-continue that the application refuses': {
    prepare: server =>
      void server.on('checkContinue', (_request: IncomingMessage, response: ServerResponse) => {
        response.writeHead(403, { connection: 'close' })
        response.end()
      }),
    sends: [`POST / HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: 4\r\n\r\n`],
    receives: ['HTTP/1.1 403 Forbidden'],
    closes: true,
    requests: { 'POST _unknown 403': 1 },
    errors: { 'POST _unknown auth': 1 },
  },
  'one request more than `maxRequestsPerSocket`': {
    prepare: server => {
      server.maxRequestsPerSocket = 1
    },
    sends: [GET + GET],
    ends: true,
    receives: ['HTTP/1.1 200 OK', 'HTTP/1.1 503 Service Unavailable'],
    closes: true,
    requests: { 'GET _unknown 200': 1, 'GET _refused 503': 1 },
    errors: { 'GET _refused protocol': 1 },
  },
}
