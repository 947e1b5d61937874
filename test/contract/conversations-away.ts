import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Conversation, HOST } from './conversation.ts'

const UPGRADE = `GET /socket HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: echo\r\n\r\n`

const switching = (server: Server): void =>
  void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    socket.end('bye')
  })

/** Connections that leave HTTP. */
export const AWAY: Readonly<Record<string, Conversation>> = {
  'an upgrade request without a listener': {
    sends: [UPGRADE],
    receives: ['HTTP/1.1 200 OK'],
    closes: false,
    requests: { 'GET _unknown 200': 1 },
  },
  'an accepted upgrade': {
    prepare: switching,
    sends: [UPGRADE],
    receives: ['HTTP/1.1 101 Switching Protocols', 'bye'],
    closes: true,
    requests: { 'GET _unknown 101': 1 },
  },
  'an upgrade that the application refuses on the socket': {
    prepare: server =>
      void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n')
      }),
    sends: [UPGRADE],
    receives: ['HTTP/1.1 401 Unauthorized'],
    closes: true,
    requests: { 'GET _unknown 401': 1 },
    errors: { 'GET _unknown auth': 1 },
  },
  'an upgrade whose socket the application destroys': {
    prepare: server => void server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => socket.destroy()),
    sends: [UPGRADE],
    receives: [],
    closes: true,
    requests: { 'GET _unknown 500': 1 },
    errors: { 'GET _unknown server_error': 1 },
  },
  'a CONNECT request without a listener': {
    sends: [`CONNECT localhost:1 HTTP/1.1\r\n${HOST}\r\n`],
    receives: [],
    closes: true,
    requests: {},
    unseen: 'Without a listener for CONNECT, Node closes the connection without an event, so it cannot be recorded.',
  },
  'an accepted CONNECT request': {
    prepare: server =>
      void server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
        socket.write(Buffer.from('HTTP/1.1 200 Connection Established\r\n\r\n'))
        socket.end('through')
      }),
    sends: [`CONNECT localhost:1 HTTP/1.1\r\n${HOST}\r\n`],
    receives: ['HTTP/1.1 200 Connection Established', 'through'],
    closes: true,
    requests: { 'CONNECT _unknown 200': 1 },
  },
}
