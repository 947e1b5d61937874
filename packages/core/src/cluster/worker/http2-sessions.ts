import type { ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'

/**
 * The sessions of HTTP/2 servers, and their end when the worker drains. Node refuses every stream that arrives after its GOAWAY, also
 * those that the client sent before it could know. (The notice of RFC 9113, 6.8, that would prevent this cannot be sent
 * through `node:http2`; and a session without streams is no longer read at all.) So GOAWAY is sent with the next stream
 * of a session: a client that waits for its response sends nothing that could be refused. If a client sends many
 * streams at once, the last of them may be refused, unprocessed, and it sends them again (8.7).
 */
export class Http2Sessions {
  /** The open sessions, and whether each has had a stream. */
  readonly #open = new Map<ServerHttp2Session, boolean>()
  /** How long a session may wait for its next stream; undefined until the servers drain. */
  #graceMs: number | undefined

  get areOpen(): boolean {
    return this.#open.size > 0
  }

  /** The number of sessions with open streams. */
  get inUse(): number {
    return [...this.#open.keys()].filter(hasStreams).length
  }

  /** Watches a server; does nothing if it is not an HTTP/2 server. */
  watch(server: Server): void {
    if (isHttp2(server)) server.on('session', (session: ServerHttp2Session) => this.#started(session))
  }

  /**
   * Ends all sessions, and those that begin from now on: each with its next stream, or after `graceMs`; after at least
   * a second if it has had no stream. Each is closed when its last stream is.
   */
  drain(graceMs: number): void {
    this.#graceMs = graceMs
    for (const [session, isUsed] of this.#open) endWithNextStream(session, isUsed ? graceMs : unusedMs(graceMs))
  }

  #started(session: ServerHttp2Session): void {
    this.#open.set(session, false)
    session.once('close', () => this.#open.delete(session))
    if (this.#graceMs === undefined) session.once('stream', () => this.#open.set(session, true))
    else endWithNextStream(session, unusedMs(this.#graceMs))
  }
}

/** True for an HTTP/2 server, with TLS or without; one with TLS may serve HTTP/1, too. */
export function isHttp2(server: Server): boolean {
  return 'updateSettings' in server
}

/** Node stores the streams of a session under a symbol. */
function hasStreams(session: ServerHttp2Session): boolean {
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const { streams } = (key === undefined ? {} : Reflect.get(session, key)) as { readonly streams?: { size?: number } }
  return (streams?.size ?? 1) > 0
}

function endWithNextStream(session: ServerHttp2Session, withinMs: number): void {
  const end = () => {
    clearTimeout(timer)
    session.close()
  }
  const timer = setTimeout(end, withinMs)
  session.once('stream', end)
  session.once('close', () => clearTimeout(timer))
}

/** A client that opened a session for later must not delay the drain, but may be about to send a request. */
export function unusedMs(graceMs: number): number {
  return Math.max(graceMs, 1000)
}
