import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { sharedSymbol } from '../../base/shared.ts'
import { isAborted, streamOf } from './response-state.ts'

/**
 * Measures the body sizes of one exchange, as transferred: after compression, without headers and chunk framing.
 *
 * Sockets count bytes too, but include headers, framing and other exchanges. So the arguments of `write`, `end` and
 * `push` are counted, by functions that all exchanges share. Wrappers between the application and these methods
 * (compression) have done their work by then, if they were added after promherd.
 */
export class BodySize {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #isHead: boolean
  readonly write: Write
  readonly end: End
  readonly push: Push | undefined
  /** Received bytes of the request body. */
  received = 0
  /** Body bytes that were passed to be sent (`written`), and those of them that are known to have been sent (`sent`). */
  written = 0
  sent = 0

  /** Starts counting. Once for each response. */
  constructor(request: IncomingMessage, response: Metered) {
    this.#request = request
    this.#response = response
    this.#isHead = request.method === 'HEAD'
    this.write = response.write as Write
    this.end = response.end as unknown as End
    response[BODY_SIZE] = this
    response.write = write as typeof response.write
    response.end = end as unknown as typeof response.end
    const source = sourceOf(request, response)
    this.push = source?.push
    if (source === undefined) return
    this.received = source.readableLength
    source[BODY_SIZE] = this
    source.push = push
  }

  /** True if no more data can be sent. */
  get isLost(): boolean {
    return (streamOf(this.#response) ?? this.#request.socket)?.destroyed === true
  }

  /** Bytes of the request body that were received until the exchange ended. */
  get requestBytes(): number {
    const length = this.#request.headers['content-length']
    const isWhole = this.#request.httpVersionMajor < 2 && this.#request.complete
    return isWhole && length !== undefined ? Number(length) : this.received
  }

  /** Bytes of the response body that were sent; if it was aborted, the pieces that were sent completely. */
  get responseBytes(): number {
    const { statusCode } = this.#response
    if (this.#isHead || statusCode === 204 || statusCode === 304) return 0
    return isAborted(this.#request, this.#response) ? this.sent : this.written
  }
}

/** The body sizes of this exchange, counted from now on unless counting has started already. */
export function bodySizeOf(request: IncomingMessage, response: ServerResponse): BodySize {
  return (response as Metered)[BODY_SIZE] ?? new BodySize(request, response as Metered)
}

const BODY_SIZE: unique symbol = sharedSymbol('body-size') as never
type Metered = ServerResponse & { [BODY_SIZE]?: BodySize }
type Source = Readable & { [BODY_SIZE]?: BodySize }
type Write = (this: Metered, chunk?: unknown, encoding?: unknown, callback?: unknown) => boolean
type End = (this: Metered, chunk?: unknown, encoding?: unknown, callback?: unknown) => Metered
type Push = Readable['push']
type Sent = (error?: Error | null) => void

/** The stream that the request body is read from; undefined if there is no body. */
function sourceOf(request: IncomingMessage, response: ServerResponse): Source | undefined {
  const stream = streamOf(response)
  // The stream itself: the request object receives only data that is read.
  if (stream !== undefined) return stream.endAfterHeaders ? undefined : stream
  const { headers } = request
  const length = headers['content-length']
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0') ? undefined : request
}

function write(this: Metered, chunk?: unknown, encoding?: unknown, callback?: unknown): boolean {
  const size = this[BODY_SIZE]!
  const bytes = bytesOf(chunk, encoding)
  if (!this.writableEnded) size.written += bytes
  const then = (typeof encoding === 'function' ? encoding : callback) as Sent | undefined
  const sent: Sent = error => {
    // Node also calls it without an error for data that was discarded with the connection.
    if ((error === undefined || error === null) && !size.isLost) size.sent += bytes
    then?.(error)
  }
  return size.write.call(this, chunk, typeof encoding === 'function' ? undefined : encoding, sent)
}

function end(this: Metered, chunk?: unknown, encoding?: unknown, callback?: unknown): Metered {
  const size = this[BODY_SIZE]!
  // Over HTTP/2 the last chunk passes through `write` too.
  if (!this.writableEnded && !('stream' in this)) size.written += bytesOf(chunk, encoding)
  return size.end.call(this, chunk, encoding, callback)
}

function push(this: Source, chunk: unknown, encoding?: BufferEncoding): boolean {
  const size = this[BODY_SIZE]!
  size.received += bytesOf(chunk, encoding)
  return size.push!.call(this, chunk, encoding)
}

function bytesOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding as BufferEncoding)
  return isUint8Array(chunk) ? chunk.byteLength : 0
}
