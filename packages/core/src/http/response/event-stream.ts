import type { IncomingMessage, ServerResponse } from 'node:http'
import { streamOf } from './response-state.ts'

/** True for a response that is a stream of events (SSE). It is recognised by its content type. */
export function isEventStream(request: IncomingMessage, response: ServerResponse): boolean {
  // A response with a known length is not a stream, and most responses have one.
  if (response.chunkedEncoding === false && request.httpVersionMinor === 1) return false
  const type = response.getHeader('content-type')
  if (type !== undefined) return TYPE.test(String(type))
  // Headers that were passed to writeHead are only in the string that was sent.
  return streamOf(response) === undefined && FIELD.test(String((response as { _header?: string | null })._header))
}

const TYPE = /^\s*text\/event-stream\b/i
const FIELD = /\r\ncontent-type:\s*text\/event-stream\b/i
