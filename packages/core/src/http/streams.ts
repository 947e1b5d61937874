import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Exchange, openExchanges } from './follow.ts'
import { streamOf } from './outcome.ts'

/**
 * Streams of events (SSE), which last as long as somebody listens: their time says nothing of how fast a service is.
 *
 * They are known by their content type. To look at the moment when the headers leave would cost every response, so
 * those that are open are looked at when numbers are read, and each response once more when it has closed.
 */

/** True for a response that is a stream of events. */
export function isEventStream(request: IncomingMessage, response: ServerResponse): boolean {
  // Nothing that has a length can be one, and that is most of what a server answers.
  if (response.chunkedEncoding === false && request.httpVersionMinor === 1) return false
  const type = response.getHeader('content-type')
  if (type !== undefined) return TYPE.test(String(type))
  // Headers that were given to writeHead are in the text that was sent and nowhere else.
  return streamOf(response) === undefined && FIELD.test(String((response as { _header?: string | null })._header))
}

/** What marks the streams of `store` that are open, to be called before its numbers are read. */
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
