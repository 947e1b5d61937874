import { SinkError } from '@promherd/core/forward'
import protobuf from 'protobufjs/minimal.js'
import type { Reply } from './transport.ts'

/**
 * Interprets a response by the rules of OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 * Returns a warning of a receiver that has accepted everything.
 * @throws SinkError if the metrics were not accepted, or not all of them
 */
export function checkReply(reply: Reply, intervalSeconds: number): string | undefined {
  const { status } = reply
  if (status >= 200 && status <= 299) return checkTaken(reply, intervalSeconds)
  const message = `HTTP ${status}${withColon(messageIn(reply, messageOfStatus))}`
  if (RETRYABLE.has(status)) {
    throw new SinkError('unavailable', message, { retryAfterSeconds: retryAfterSeconds(reply.retryAfter) })
  }
  // The result would be the same again: the next push is sent at its normal time.
  const reason = status === 401 || status === 403 ? 'auth' : 'rejected'
  throw new SinkError(reason, message, { retryAfterSeconds: intervalSeconds })
}

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** A successful response may report that a part was refused; sending that part again is useless. */
function checkTaken(reply: Reply, intervalSeconds: number): string | undefined {
  const { rejected, message } = partialSuccessIn(reply)
  if (!(rejected > 0)) return message === '' ? undefined : message
  const text = `${rejected} data points were rejected${withColon(message)}`
  throw new SinkError('rejected', text, { retryAfterSeconds: intervalSeconds })
}

/**
 * Seconds, or an HTTP date; undefined for anything else. Limited to an hour, so that a wrong value does not stop the
 * pushes.
 */
export function retryAfterSeconds(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MOST_RETRY_SECONDS)
}

const MOST_RETRY_SECONDS = 3600

interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

function partialSuccessIn({ body, contentType }: Reply): PartialSuccess {
  try {
    if (isJson(contentType)) return partialSuccessOfJson(JSON.parse(body.toString()))
    // ExportMetricsServiceResponse: partial_success = 1. In it: rejected_data_points = 1, error_message = 2.
    const partial = fieldsOf(body).get(1)
    const fields = partial instanceof Uint8Array ? fieldsOf(partial) : undefined
    return { rejected: Number(fields?.get(1) ?? 0), message: textOf(fields?.get(2)) }
  } catch {
    // Its status reports success, so it counts as one.
    return { rejected: 0, message: '' }
  }
}

function partialSuccessOfJson(response: unknown): PartialSuccess {
  const { rejectedDataPoints, errorMessage } =
    (response as { partialSuccess?: { rejectedDataPoints?: unknown; errorMessage?: unknown } }).partialSuccess ?? {}
  return { rejected: Number(rejectedDataPoints ?? 0), message: printable(String(errorMessage ?? '')) }
}

/** google.rpc.Status, which an error response should contain: message = 2. */
function messageOfStatus({ body, contentType }: Reply): string {
  if (isJson(contentType))
    return printable(String((JSON.parse(body.toString()) as { message?: unknown }).message ?? ''))
  if (contentType.startsWith('application/x-protobuf')) return textOf(fieldsOf(body).get(2))
  return contentType.startsWith('text/plain') ? printable(body.toString()) : ''
}

function messageIn(reply: Reply, read: (reply: Reply) => string): string {
  try {
    return read(reply)
  } catch {
    return ''
  }
}

function isJson(contentType: string): boolean {
  return contentType.startsWith('application/json')
}

/** The last value of each field of a message: numbers for varints, bytes for length-delimited fields. */
function fieldsOf(message: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>()
  const reader = protobuf.Reader.create(message)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if ((tag & 7) === 0) fields.set(tag >>> 3, Number(reader.int64()))
    else if ((tag & 7) === 2) fields.set(tag >>> 3, reader.bytes())
    else reader.skipType(tag & 7)
  }
  return fields
}

function textOf(bytes: number | Uint8Array | undefined): string {
  return bytes instanceof Uint8Array ? printable(Buffer.from(bytes).toString()) : ''
}

/** Text from another program, limited to one short line for the log. */
function printable(text: string): string {
  return text
    .replace(/[^\x20-\x7e\xa0-\u024f]+/g, ' ')
    .trim()
    .slice(0, 200)
}

function withColon(message: string): string {
  return message === '' ? '' : `: ${message}`
}
