import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, createServer as createHttp2Server, createSecureServer, type ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer, request as requestHttps } from 'node:https'
import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { certificate } from '../support/certificate.ts'
import { answered } from './connection.ts'
import type { Subject } from './law.ts'
import { internalErrorsOf, settled } from './reading.ts'
import { listening } from './stage.ts'

/** A kind of server, and how it is asked. */
export interface ServerKind {
  readonly name: string
  make(listener?: RequestListener): Server
  /** Answers what was responded. */
  ask(port: string): Promise<string>
}

const plain = (protocol: 'HTTP/1.1' | 'HTTP/2') => async (port: string) =>
  (await answered(protocol, `http://127.0.0.1:${port}/`, 'GET')).body

async function askHttps(port: string): Promise<string> {
  const sent = requestHttps(`https://127.0.0.1:${port}/`, { rejectUnauthorized: false, agent: false }).end()
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>]
  let body = ''
  for await (const piece of response) body += String(piece)
  return body
}

async function askSecureHttp2(port: string): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  try {
    const stream = session.request({ ':path': '/' })
    let body = ''
    for await (const piece of stream) body += String(piece)
    return body
  } finally {
    session.destroy()
  }
}

/** A server of `node:http2` with its sessions, which it does not close itself. */
function http2<T extends { on(event: 'session', listener: (session: ServerHttp2Session) => void): unknown }>(
  server: T,
  listener?: RequestListener,
): Server {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', session => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  const made = Object.assign(server as unknown as Server, {
    closeAllConnections: () => {
      for (const session of sessions) session.destroy()
    },
  })
  return listener === undefined ? made : made.on('request', listener)
}

const secure = (listener?: RequestListener): Server =>
  http2(createSecureServer({ ...certificate(), allowHTTP1: true }), listener)

/** Each protocol that Node serves, and each that it falls back to. */
export const KINDS: readonly ServerKind[] = [
  { name: 'node:http', make: listener => createServer(listener), ask: plain('HTTP/1.1') },
  { name: 'node:https', make: listener => createHttpsServer(certificate(), listener), ask: askHttps },
  { name: 'node:http2', make: listener => http2(createHttp2Server(), listener), ask: plain('HTTP/2') },
  { name: 'node:http2 over TLS', make: secure, ask: askSecureHttp2 },
  { name: 'node:http2 over TLS, HTTP/1.1', make: secure, ask: askHttps },
]

/** Servers of one kind, recorded in one way. */
export class TakenOver {
  readonly kind: ServerKind
  readonly monitor: Monitor = createMonitor({ storage: 'memory' })
  readonly watch: (server: Server, monitor?: Monitor) => () => void
  readonly #servers: Server[] = []

  constructor(kind: ServerKind, watch: (server: Server, monitor: Monitor) => () => void) {
    this.kind = kind
    this.watch = (server, monitor = this.monitor) => watch(server, monitor)
  }

  /** A server that answers `text`, or has no listener. */
  serving(text?: string): Server {
    const server = this.kind.make(text === undefined ? undefined : answering(text))
    this.#servers.push(server)
    return server
  }

  /** Asks each of `servers`, and expects these answers. */
  async answers(...expected: readonly (readonly [server: Server, text: string])[]): Promise<void> {
    for (const [server, text] of expected) {
      const { port } = new URL(await listening(server))
      expect(await this.kind.ask(port)).toBe(text)
    }
  }

  /** Expects this number of recorded requests. */
  async counted(count: number, monitor: Monitor = this.monitor): Promise<void> {
    await settled(monitor, count === 0 ? {} : { 'GET _unknown 200': count })
  }

  async end(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      if (!server.listening) continue
      server.close()
      await once(server, 'close')
    }
    expect(await internalErrorsOf(this.monitor)).toEqual({})
    await this.monitor.close()
  }
}

/** A listener that responds with `text`. */
export function answering(text: string): RequestListener {
  return (_request, response) => void response.end(text)
}

/** One kind of server as a subject of laws. */
export function subjectOf(
  kind: ServerKind,
  name: string,
  watch: (server: Server, monitor: Monitor) => () => void,
): Subject<TakenOver> {
  return {
    name,
    async within(use) {
      const world = new TakenOver(kind, watch)
      try {
        await use(world)
      } finally {
        await world.end()
      }
    },
  }
}
