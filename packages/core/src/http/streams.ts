import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Exchange, openExchanges } from './follow.ts'
import { streamOf } from './outcome.ts'

/**
 * Streams of events (SSE). They last as long as the client listens, so their duration says nothing about the speed of a
 * service.
 *
 * They are recognised by their content type. Checking each response when its headers are sent would cost time for all
 * responses. So open responses are checked when numbers are read, and each response once more when it has closed.
 */

/** True for a response that is a stream of events. */
export function isEventStream(request: IncomingMessage, response: ServerResponse): boolean {
  // A response with a known length is not a stream, and most responses have one.
  if (response.chunkedEncoding === false && request.httpVersionMinor === 1) return false
  const type = response.getHeader('content-type')
  if (type !== undefined) return TYPE.test(String(type))
  // Headers that were passed to writeHead are only in the string that was sent.
  return streamOf(response) === undefined && FIELD.test(String((response as { _header?: string | null })._header))
}

/** Returns a function that marks the open streams of `store`. It must be called before the numbers are read. */
export function streamSampler(store: object): () => void {
  return () => {
    for (const exchange of openExchanges(store)) {
      if (!exchange.isStream && hasBegun(exchange)) exchange.owner.streams(exchange)
    }
  }
}

function hasBegun({ request, response }: Exchange): boolean {
  return response.headersSent && isEventStream(request, response)
}

const TYPE = /^\s*text\/event-stream\b/i
const FIELD = /\r\ncontent-type:\s*text\/event-stream\b/i
