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

/** As much of an exchange as tells what its client was sent. */
export interface Answered {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether the answer had begun when its connection failed; undefined while the connection has not. */
  readonly wasBegunAtFailure: boolean | undefined
  /** The status that was written to the connection in place of an answer; undefined where none was. */
  readonly refusal: number | undefined
}

/** The status that the client was sent; undefined where it was sent none. */
export function sentStatusOf(exchange: Answered): number | undefined {
  return wasBegun(exchange) ? statusOnWire(exchange.response) : exchange.refusal
}

/** True where the head of the response was on the wire: what is written to a lost connection is discarded. */
export function wasBegun({ request, response, wasBegunAtFailure }: Answered): boolean {
  if (streamOf(response) !== undefined) return response.headersSent
  if (wasBegunAtFailure !== undefined) return wasBegunAtFailure
  return isHeadSent(response) && (request.socket as Counting | null)?._bytesDispatched !== 0
}

/** True where an HTTP/1 response has given its head to its connection, as far as the response knows. */
export function isHeadSent(response: ServerResponse): boolean {
  const { _header, _headerSent = response.headersSent, outputData } = response as Heading
  // A response queued behind another of its connection has no socket yet: nothing that it holds was sent.
  if (!_headerSent || response.socket === null) return false
  // After the other side has ended the connection, Node keeps what is written.
  const [waiting] = outputData ?? []
  return typeof waiting?.data !== 'string' || typeof _header !== 'string' || !waiting.data.startsWith(_header)
}

/** The status that the head of a response states: an application can change `statusCode` after the head was sent. */
export function statusOnWire(response: ServerResponse): number {
  const stream = streamOf(response)
  const { _header } = response as Heading
  const status = stream?.sentHeaders?.[':status'] ?? STATUS_LINE.exec(String(_header))?.[1]
  return status === undefined ? response.statusCode : Number(status)
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3})/

/** What Node keeps of a head: no public property tells a head that was made from one that was sent. */
type Heading = ServerResponse & {
  readonly _header?: string | null
  readonly _headerSent?: boolean
  readonly outputData?: readonly { readonly data: unknown }[]
}

/** The bytes that a socket has given to the kernel; `bytesWritten` includes those that are buffered. */
interface Counting {
  readonly _bytesDispatched?: number
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
