import { BAD_REQUEST, type Conversation, GET, HOST, REFUSED } from './conversation.ts'

const CHUNKED = `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`

/** Connections that end, or go wrong, in the middle of something. */
export const ENDINGS: Readonly<Record<string, Conversation>> = {
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
    requests: { 'GET _unknown 503': 1 },
    errors: { 'GET _unknown timeout': 1 },
  },
}
