import { BAD_REQUEST, type Conversation, GET, HOST, REFUSED } from './conversation.ts'

const CHUNKED = `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`

/** Connections that end, or go wrong, in the middle of something. */
export const ENDINGS: Readonly<Record<string, Conversation>> = {
  'a client that ends its side after the response': {
    says: [GET],
    ends: true,
    hears: ['HTTP/1.1 200 OK'],
    closes: true,
    requests: { 'GET _unknown 200': 1 },
  },
  'a client that ends its side before the response': {
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    ends: true,
    hears: [],
    closes: true,
    requests: { 'GET _unknown 499': 1 },
    errors: { 'GET _unknown client_abort': 1 },
  },
  'a client that ends its side within the headers': {
    says: ['GET / HTTP/1.1\r\nhost'],
    ends: true,
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a client that ends its side within the body': {
    says: [`POST /read HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`],
    ends: true,
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 499': 1 },
    errors: { 'POST _unknown client_abort': 1 },
  },
  'invalid bytes after a request with a response': {
    says: [GET, 'NONSENSE\r\n\r\n'],
    hears: ['HTTP/1.1 200 OK', 'HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 200': 1, [`${REFUSED} 400`]: 1 },
    errors: { [`${REFUSED} protocol`]: 1 },
  },
  'invalid bytes after a request that waits for its response': {
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\nNONSENSE\r\n\r\n`],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 400': 1 },
    errors: { 'GET _unknown protocol': 1 },
  },
  'an invalid chunk': {
    says: [`${CHUNKED.replace('/', '/read')}zz\r\n`],
    hears: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 400': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'endless chunk extensions': {
    says: [`${CHUNKED.replace('/', '/read')}2;${'x'.repeat(17_000)}\r\n`],
    hears: ['HTTP/1.1 413 Payload Too Large'],
    closes: true,
    requests: { 'POST _unknown 413': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'invalid bytes, with an application that responds to `clientError` itself': {
    prepare: server => void server.on('clientError', (_error, socket) => void socket.end('HTTP/1.1 400 Own\r\n\r\n')),
    says: ['NONSENSE\r\n\r\n'],
    hears: ['HTTP/1.1 400 Own'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a socket timeout of the server': {
    prepare: server => void server.setTimeout(50),
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    hears: [],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
  'a socket timeout of the server, with a response': {
    prepare: server =>
      void server.setTimeout(50, socket => void socket.end('HTTP/1.1 503 Late\r\nconnection: close\r\n\r\n')),
    says: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    hears: ['HTTP/1.1 503 Late'],
    closes: true,
    requests: { 'GET _unknown 503': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
}
