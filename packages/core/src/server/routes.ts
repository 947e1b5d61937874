import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bytes } from '../exposition/bytes.ts'
import { negotiate, takesGzip } from '../exposition/negotiate.ts'
import type { HostCheck } from './host-check.ts'
import { pageOf } from './page.ts'
import type { Renderer } from './renderer.ts'

/**
 * The responses of the metrics port. Every response has a Content-Length, so that a truncated one is detected. Access
 * checks belong before `answer`.
 */
export class Routes {
  readonly #options: RoutesOptions

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  /** Responds to one request. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#replyTo(request)
    let { leave } = reply
    const end = () => {
      clearTimeout(deadline)
      leave?.()
      leave = undefined
    }
    // A reader that does not read keeps a shared buffer in memory, but not forever.
    const deadline = setTimeout(() => {
      response.destroy()
      // On some versions of Node, a response that is queued behind another one on a lost connection does not emit
      // `close`.
      end()
    }, this.#options.readerDeadlineMs).unref()
    if (response.destroyed) return end()
    response.once('close', end)
    response.writeHead(reply.status, {
      'Content-Type': reply.type ?? PLAIN,
      'Content-Length': typeof reply.body === 'string' ? Buffer.byteLength(reply.body) : reply.body.length,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...reply.headers,
    })
    if (request.method === 'HEAD') response.end()
    else if (typeof reply.body === 'string') response.end(reply.body)
    else void send(reply.body.pieces, response)
  }

  async #replyTo(request: IncomingMessage): Promise<Reply> {
    if (!this.#options.hosts.accepts(request.headers.host)) return plain(403, FOREIGN_HOST)
    const path = (request.url ?? '/').split('?', 1)[0]!
    const route = ROUTES.get(path)
    if (route === undefined) return plain(404, 'Not found. The metrics are at /metrics.')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...plain(405, 'Expected a GET or HEAD request.'), headers: { Allow: 'GET, HEAD' } }
    }
    try {
      return await route(this.#options, request)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return plain(500, `Reading the metrics failed (${reason.replaceAll('\n', ' ')}).`)
    }
  }
}

/**
 * Sends some chunks at a time, and the next when those are sent, so that many readers do not block the event loop.
 * Chunks are sent together without being copied together. Never rejects.
 */
async function send(pieces: readonly Buffer[], response: ServerResponse): Promise<void> {
  // A reader that disconnects is not an error of promherd.
  response.on('error', () => {})
  let corked = 0
  for (const piece of pieces) {
    if (corked === 0) response.cork()
    response.write(piece)
    corked += piece.length
    if (corked < BYTES_AT_ONCE) continue
    response.uncork()
    corked = 0
    await drained(response)
    if (response.destroyed) return
  }
  response.end()
}

const BYTES_AT_ONCE = 2 ** 16

/** Resolves when the response accepts more data, or has closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    if (!response.writableNeedDrain) return resolve()
    const go = () => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

interface RoutesOptions {
  readonly renderer: Renderer
  /** The reason why this is not ready, as a sentence; undefined if it is ready. */
  readonly readiness: () => string | undefined
  /** The maximum time for a reader to receive one response. */
  readonly readerDeadlineMs: number
  /** The accepted `Host` names. */
  readonly hosts: HostCheck
}

interface Reply {
  readonly status: number
  readonly body: string | Bytes
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Is called once, when nothing of the body is read any more. */
  readonly leave?: () => void
}

type Route = (options: RoutesOptions, request: IncomingMessage) => Promise<Reply> | Reply

const PLAIN = 'text/plain; charset=utf-8'

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/metrics', metrics],
  ['/-/healthy', () => plain(200, 'Healthy.')],
  ['/-/ready', ready],
  ['/', page],
])

async function metrics({ renderer }: RoutesOptions, request: IncomingMessage): Promise<Reply> {
  const rendering = await renderer.render(negotiate(request.headers.accept))
  const { contentType: type, text, leave } = rendering
  const reply = { status: 200, type, body: text, headers: VARY, leave }
  if (!rendering.isWorthPacking || !takesGzip(request.headers)) return reply
  try {
    return { ...reply, body: await rendering.gzipped(), headers: { ...VARY, 'Content-Encoding': 'gzip' } }
  } catch (error) {
    leave()
    throw error
  }
}

function ready({ readiness }: RoutesOptions): Reply {
  const reason = readiness()
  return reason === undefined ? plain(200, 'Ready.') : plain(503, reason)
}

async function page({ renderer }: RoutesOptions): Promise<Reply> {
  const { snapshot, leave } = await renderer.render('text')
  leave()
  return { status: 200, type: 'text/html; charset=utf-8', body: pageOf(snapshot), headers: NO_OTHER_RESOURCES }
}

const FOREIGN_HOST =
  'Expected a `Host` header with a name of this host. Use 127.0.0.1 or localhost, or add the name to `allowedHosts`.'
const VARY = { Vary: 'Accept, Accept-Encoding' }
const NO_OTHER_RESOURCES = { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" }

function plain(status: number, sentence: string): Reply {
  return { status, body: `${sentence}\n` }
}
