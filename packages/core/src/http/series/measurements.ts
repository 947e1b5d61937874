import type { IncomingMessage } from 'node:http'
import type { RequestLike } from '../labels/request-like.ts'
import { isAborted } from '../response/response-state.ts'
import type { FirstByte } from '../response/time-to-first-byte.ts'
import type { Counted } from './counted.ts'

/** The scheme of the connection. Headers that name a scheme are not used: the client controls them. */
export function schemeOf(request: RequestLike): string {
  const { socket, stream } = request as {
    readonly socket?: { readonly encrypted?: boolean }
    readonly stream?: { readonly session?: { readonly encrypted?: boolean } }
  }
  if (stream?.session !== undefined) return stream.session.encrypted ? 'https' : 'http'
  if (socket !== undefined) return socket?.encrypted ? 'https' : 'http'
  return request.url?.startsWith('https:') ? 'https' : 'http'
}

/** The HTTP version of a request, as OpenTelemetry writes it. */
export function versionOf(request: RequestLike): string {
  const { httpVersion } = request as { readonly httpVersion?: unknown }
  if (httpVersion === '2.0') return '2'
  return httpVersion === '1.1' || httpVersion === '1.0' ? httpVersion : ''
}

/**
 * Seconds until the head was sent; undefined if it was not sent. If a response bypassed its own methods, its head was
 * sent when it ended, at the latest.
 */
export function secondsToFirstByte({ at }: FirstByte, exchange: Counted): number | undefined {
  const { startedAt, request, response, seconds } = exchange
  if (at !== undefined) return Math.max(0, at - startedAt) / 1000
  const hasEnded = response?.headersSent === true && !isAborted(request as IncomingMessage, response)
  return hasEnded && !Number.isNaN(seconds) ? seconds : undefined
}
