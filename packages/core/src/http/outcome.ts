import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { isObject, read, readText } from './evidence-chain.ts'

/** How an exchange ended, read from its response once that has closed. */

/** The status that stands for a client that left before it had an answer; never sent (the convention is nginx's). */
export const CLIENT_CLOSED = 499

/** The status that stands for a server that tore the connection before it answered; never sent. */
export const GIVEN_UP = 500

/** True where the client did not get the whole response. */
export function isAborted(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  // HTTP/2 marks cancelled streams as finished too; its own codes tell them apart.
  if (stream !== undefined) return !response.writableEnded || stream.aborted || (stream.rstCode ?? 0) !== 0
  // What waits in the kernel's queue when the connection is lost finishes too, as Node has it, in the same tick.
  if (response.writableFinished) return request.socket?.errored != null || isStuck(request, response)
  // Without a connection (as tests inject requests) nobody takes the bytes, so that they were given is the end.
  const isConnected = response.socket === null || response.socket === request.socket
  return isConnected || !response.writableEnded
}

/** True for what was ended when its connection was gone: Node takes a response off its connection when it has left. */
function isStuck(request: IncomingMessage, response: ServerResponse): boolean {
  return response.socket !== null && response.socket === request.socket && response.socket.destroyed
}

/** True where the response has closed, or its connection, so that it will not say again that it does. */
export function isOver(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  return stream === undefined ? response.closed || request.socket?.destroyed === true : stream.destroyed
}

/** True where the status of the response left for the client. */
export function wasBegun(response: ServerResponse): boolean {
  // A response queued behind another of its connection has no socket yet: whatever it holds was not sent.
  return response.headersSent && (response.socket !== null || streamOf(response) !== undefined)
}

/** True where it was the client that ended a torn exchange; otherwise the server did. */
export function hasClientLeft(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  return stream === undefined ? isLeft(request.socket) : !isOwnEnd(stream)
}

/** True where the other end closed or lost this connection. */
export function isLeft(socket: Socket | undefined): boolean {
  return socket?.readableEnded === true || LOST.has(readText(socket?.errored, 'syscall'))
}

/** What a torn response, or what is under it, was destroyed with; undefined where it was with nothing. */
export function destroyedWith(request: IncomingMessage, response: ServerResponse): unknown {
  const under = streamOf(response) ?? request.socket
  return response.errored ?? under?.errored ?? undefined
}

/** The stream of an HTTP/2 response; an HTTP/1 response has none. */
export function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream
}

/** The system calls on a connection by which its loss is noticed. */
const LOST: ReadonlySet<string> = new Set(['read', 'write', 'writev'])

/** Node closes a stream that it is told to destroy without a code of the client's; `stream.close(code)` looks the same on both sides. */
function isOwnEnd(stream: ServerHttp2Stream): boolean {
  const { errored } = stream
  if (isObject(errored)) return read(errored, 'code') !== 'ERR_HTTP2_STREAM_ERROR'
  return (stream.rstCode ?? 0) === 0 && stream.readableAborted
}
