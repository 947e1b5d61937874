import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { CLIENT_CLOSED } from './category.ts'

/** How an exchange ended, read from its response once that has closed. */

/** True where the client did not get the whole response. */
export function isAborted(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  // HTTP/2 marks cancelled streams as finished too; its own codes tell them apart.
  if (stream !== undefined) return !response.writableEnded || stream.aborted || (stream.rstCode ?? 0) !== 0
  if (response.writableFinished) return false
  // Without a connection (as tests inject requests) nobody takes the bytes, so that they were given is the end.
  const isConnected = response.socket === null || response.socket === request.socket
  return isConnected || !response.writableEnded
}

/** True where the response has closed, or its connection, so that it will not say again that it does. */
export function isOver(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  return stream === undefined ? response.closed || request.socket?.destroyed === true : stream.destroyed
}

/** The status that the client was sent, or 499 where it left before any was. */
export function statusOf(response: ServerResponse, aborted: boolean): number {
  return aborted && !wasBegun(response) ? CLIENT_CLOSED : response.statusCode
}

function wasBegun(response: ServerResponse): boolean {
  // A response queued behind another of its connection has no socket yet: whatever it holds was not sent.
  return response.headersSent && (response.socket !== null || streamOf(response) !== undefined)
}

/** The stream of an HTTP/2 response; an HTTP/1 response has none. */
function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream
}
