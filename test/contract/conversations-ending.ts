import { BAD_REQUEST, type Conversation, GET, HOST, REFUSED } from './conversation.ts'

const CHUNKED = `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`

/** Connections that end or fail during a request or a response. */
export const ENDINGS: Readonly<Record<string, Conversation>> = {
  'a client that ends its side after the response': {
    sends: [GET],
    ends: true,
    receives: ['HTTP/1.1 200 OK'],
    closes: true,
    requests: { 'GET _unknown 200': 1 },
  },
  'a client that ends its side before the response': {
    sends: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    ends: true,
    receives: [],
    closes: true,
    requests: { 'GET _unknown 499': 1 },
    errors: { 'GET _unknown client_abort': 1 },
  },
  'a client that ends its side within the headers': {
    sends: ['GET / HTTP/1.1\r\nhost'],
    ends: true,
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a client that ends its side within the body': {
    sends: [`POST /read HTTP/1.1\r\n${HOST}content-length: 10\r\n\r\nhalf`],
    ends: true,
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 499': 1 },
    errors: { 'POST _unknown client_abort': 1 },
  },
  'invalid bytes after a request with a response': {
    sends: [GET, 'NONSENSE\r\n\r\n'],
    receives: ['HTTP/1.1 200 OK', 'HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 200': 1, [`${REFUSED} 400`]: 1 },
    errors: { [`${REFUSED} protocol`]: 1 },
  },
  'invalid bytes after a request that waits for its response': {
    sends: [`GET /hold HTTP/1.1\r\n${HOST}\r\nNONSENSE\r\n\r\n`],
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'GET _unknown 400': 1 },
    errors: { 'GET _unknown protocol': 1 },
  },
  'an invalid chunk': {
    sends: [`${CHUNKED.replace('/', '/read')}zz\r\n`],
    receives: ['HTTP/1.1 400 Bad Request'],
    closes: true,
    requests: { 'POST _unknown 400': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'endless chunk extensions': {
    sends: [`${CHUNKED.replace('/', '/read')}2;${'x'.repeat(17_000)}\r\n`],
    receives: ['HTTP/1.1 413 Payload Too Large'],
    closes: true,
    requests: { 'POST _unknown 413': 1 },
    errors: { 'POST _unknown protocol': 1 },
  },
  'invalid bytes, with an application that responds to `clientError` itself': {
    prepare: server => void server.on('clientError', (_error, socket) => void socket.end('HTTP/1.1 400 Own\r\n\r\n')),
    sends: ['NONSENSE\r\n\r\n'],
    receives: ['HTTP/1.1 400 Own'],
    closes: true,
    ...BAD_REQUEST,
  },
  'a socket timeout of the server': {
    prepare: server => void server.setTimeout(50),
    sends: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    receives: [],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
  'a socket timeout of the server, with a response': {
    prepare: server =>
      void server.setTimeout(50, socket => void socket.end('HTTP/1.1 503 Late\r\nconnection: close\r\n\r\n')),
    sends: [`GET /hold HTTP/1.1\r\n${HOST}\r\n`],
    receives: ['HTTP/1.1 503 Late'],
    closes: true,
    requests: { 'GET _unknown 503': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
}
