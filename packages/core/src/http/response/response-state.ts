import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { isObject, read, readText } from '../category/error-chain.ts'

/** Determines how an exchange ended from its response, after that has closed. */

/** The status for a client that left before it had a response; never sent (the convention is nginx's). */
export const CLIENT_CLOSED_REQUEST = 499

/** The status for a server that aborted the connection before it responded; never sent. */
export const SERVER_ABORTED = 500

/** True if the client did not receive the whole response. */
export function isAborted(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  // HTTP/2 marks cancelled streams as finished too; its own codes distinguish them.
  if (stream !== undefined) return !response.writableEnded || stream.aborted || (stream.rstCode ?? 0) !== 0
  // If data is still in the kernel's queue when the connection fails, Node emits `finish` in the same tick, too.
  if (response.writableFinished) return request.socket?.errored != null || isStuck(request, response)
  // Without a connection (tests that inject requests) no bytes are sent, so the response is complete when it has ended.
  const isConnected = response.socket === null || response.socket === request.socket
  return isConnected || !response.writableEnded
}

/**
 * True if the response ended after its connection was gone: Node detaches a response from its connection when it was
 * sent.
 */
function isStuck(request: IncomingMessage, response: ServerResponse): boolean {
  return response.socket !== null && response.socket === request.socket && response.socket.destroyed
}

/** True if the response or its connection has closed, so that it will not emit `close` again. */
export function isOver(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  return stream === undefined ? response.closed || request.socket?.destroyed === true : stream.destroyed
}

/** The part of an exchange that shows what its client was sent. */
interface Answered {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether the response had begun when its connection failed; undefined unless the connection failed. */
  readonly wasBegunAtFailure: boolean | undefined
  /** The status that was written to the connection instead of the response; undefined if none was. */
  readonly refusal: number | undefined
}

/** The status that the client was sent; undefined if it was sent none. */
export function sentStatusOf(exchange: Answered): number | undefined {
  return wasBegun(exchange) ? statusOnWire(exchange.response) : exchange.refusal
}

/** True if the head of the response was sent: data that is written to a lost connection is discarded. */
export function wasBegun({ request, response, wasBegunAtFailure }: Answered): boolean {
  if (streamOf(response) !== undefined) return response.headersSent
  if (wasBegunAtFailure !== undefined) return wasBegunAtFailure
  return isHeadSent(response) && (request.socket as Counting | null)?._bytesDispatched !== 0
}

/** True if an HTTP/1 response has passed its head to its connection, as far as the response knows. */
export function isHeadSent(response: ServerResponse): boolean {
  const { _header, _headerSent = response.headersSent, outputData } = response as Heading
  // A response queued behind another of its connection has no socket yet: none of its data was sent.
  if (!_headerSent || response.socket === null) return false
  // After the other side has ended the connection, Node buffers written data.
  const [waiting] = outputData ?? []
  return typeof waiting?.data !== 'string' || typeof _header !== 'string' || !waiting.data.startsWith(_header)
}

/** The status in the head of a response: an application can change `statusCode` after the head was sent. */
export function statusOnWire(response: ServerResponse): number {
  const stream = streamOf(response)
  const { _header } = response as Heading
  const status = stream?.sentHeaders?.[':status'] ?? STATUS_LINE.exec(String(_header))?.[1]
  return status === undefined ? response.statusCode : Number(status)
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3})/

/**
 * Internal fields of Node for the head: no public property distinguishes a head that was created from one that was
 * sent.
 */
type Heading = ServerResponse & {
  readonly _header?: string | null
  readonly _headerSent?: boolean
  readonly outputData?: readonly { readonly data: unknown }[]
}

/** The number of bytes that a socket has passed to the kernel; `bytesWritten` includes buffered bytes. */
interface Counting {
  readonly _bytesDispatched?: number
}

/** True if the client ended an aborted exchange; otherwise the server did. */
export function hasClientLeft(request: IncomingMessage, response: ServerResponse): boolean {
  const stream = streamOf(response)
  return stream === undefined ? isClosedByPeer(request.socket) : !isOwnEnd(stream)
}

/** True if the other end closed or lost this connection. */
export function isClosedByPeer(socket: Socket | undefined): boolean {
  return socket?.readableEnded === true || LOST.has(readText(socket?.errored, 'syscall'))
}

/** The error with which an aborted response, or its stream or socket, was destroyed; undefined if there was none. */
export function destroyedWith(request: IncomingMessage, response: ServerResponse): unknown {
  const under = streamOf(response) ?? request.socket
  return response.errored ?? under?.errored ?? undefined
}

/** The stream of an HTTP/2 response; an HTTP/1 response has none. */
export function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream
}

/** The system calls that report the loss of a connection. */
const LOST: ReadonlySet<string> = new Set(['read', 'write', 'writev'])

/**
 * If this side destroys a stream, Node closes it without an error code from the client; `stream.close(code)` looks the
 * same on both sides.
 */
function isOwnEnd(stream: ServerHttp2Stream): boolean {
  const { errored } = stream
  if (isObject(errored)) return read(errored, 'code') !== 'ERR_HTTP2_STREAM_ERROR'
  return (stream.rstCode ?? 0) === 0 && stream.readableAborted
}
