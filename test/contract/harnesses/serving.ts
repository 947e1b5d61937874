import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Protocol } from '../connection.ts'
import { closing, listening } from '../stage.ts'
import type { Application } from '../world.ts'

/** Serves a listener over one of the protocols. `prepare` is called with the server before it listens. */
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

/** Makes an existing HTTP/2 server listen. */
export async function servingHttp2(
  server: Http2Server,
  prepare: (server: Http2Server) => unknown = () => {},
): Promise<Application> {
  prepare(server)
  const close = closingHttp2(server)
  return { url: await listening(server as never), close }
}

/** Returns a function that closes an HTTP/2 server with its connections. Must be called before the server listens. */
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
