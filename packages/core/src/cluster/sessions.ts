import { constants, type ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'

/**
 * The sessions of HTTP/2 servers, and how they are ended without failing a stream: the client is told first that there
 * will be no more (GOAWAY with the greatest id, RFC 9113, 6.8), while what it has sent meanwhile is still taken. Once
 * it has answered a PING it knows, and all that came before the answer is here: then the session is closed, which
 * waits for its streams.
 */
export class Sessions {
  /** The sessions that are open, and whether each has had a stream. */
  readonly #open = new Map<ServerHttp2Session, boolean>()
  #draining = false

  /** Watches a server; does nothing where it is none of HTTP/2. */
  watch(server: Server): void {
    if (isHttp2(server)) server.on('session', (session: ServerHttp2Session) => this.#begins(session))
  }

  /** Ends all sessions, and those that begin from now on; each is gone when its last stream is. */
  drain(): void {
    this.#draining = true
    for (const [session, isUsed] of this.#open) {
      if (isUsed) end(session)
      else this.#awaitUse(session)
    }
  }

  #begins(session: ServerHttp2Session): void {
    this.#open.set(session, false)
    session.once('close', () => this.#open.delete(session))
    session.once('stream', () => this.#isUsed(session))
    if (this.#draining) this.#awaitUse(session)
  }

  #isUsed(session: ServerHttp2Session): void {
    this.#open.set(session, true)
    if (this.#draining) end(session)
  }

  /** Whoever opened a session for later must not hold us up. */
  #awaitUse(session: ServerHttp2Session): void {
    setTimeout(() => {
      if (this.#open.get(session) === false) end(session)
    }, UNUSED_MS)
  }
}

/** A server of HTTP/2, with TLS or without; the first may speak HTTP/1, too. */
export function isHttp2(server: Server): boolean {
  return 'updateSettings' in server
}

function end(session: ServerHttp2Session): void {
  try {
    session.goaway(constants.NGHTTP2_NO_ERROR, GREATEST_STREAM_ID)
    const late = setTimeout(() => session.close(), UNANSWERED_MS)
    session.ping(() => {
      clearTimeout(late)
      session.close()
    })
  } catch {
    // It has just ended.
    session.close()
  }
}

const GREATEST_STREAM_ID = 2 ** 31 - 1
/** How long a session may be open before its client asks something. */
const UNUSED_MS = 1000
/** How long a client may take to answer: one that is gone does not. */
const UNANSWERED_MS = 1000
