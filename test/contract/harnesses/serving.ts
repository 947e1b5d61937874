import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Protocol } from '../connection.ts'
import { closing, listening } from '../stage.ts'
import type { Application } from '../world.ts'

/** Serves a listener over one of the protocols; `prepare` gets the server before it listens. */
export async function serving(
  protocol: Protocol,
  listener: RequestListener,
  prepare: (server: Server | Http2Server) => unknown = () => {},
): Promise<Application> {
  if (protocol === 'HTTP/2') return servingHttp2(createHttp2Server(listener as never), prepare)
  const server = createServer(listener)
  prepare(server)
  return { url: await listening(server), close: () => closing(server) }
}

/** Lets a server of HTTP/2 listen that somebody else has made. */
export async function servingHttp2(
  server: Http2Server,
  prepare: (server: Http2Server) => unknown = () => {},
): Promise<Application> {
  prepare(server)
  const close = closingHttp2(server)
  return { url: await listening(server as never), close }
}

/** What closes a server of HTTP/2 with all that is connected to it; to be asked for before it listens. */
export function closingHttp2(server: Http2Server): () => Promise<void> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', session => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  return async () => {
    for (const session of sessions) session.destroy()
    await new Promise(resolve => server.close(resolve))
  }
}
