import { createRequire } from 'node:module'

/**
 * OpenTelemetry's own definitions of OTLP, as code that protobufjs made of them: in the last release of
 * otlp-transformer that was published with them. What the tests send and receive is decoded by these.
 */

/** A message as plain data: integers of 64 bits as strings, bytes in Base64. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
export type Plain = any

interface Definition {
  decode(bytes: Uint8Array): unknown
  encode(message: unknown): { finish(): Uint8Array }
  fromObject(plain: Plain): unknown
  toObject(message: unknown, options: object): Plain
}

const require = createRequire(import.meta.url)
const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root.js')
const service = opentelemetry.proto.collector.metrics.v1
const Request: Definition = service.ExportMetricsServiceRequest
const Response: Definition = service.ExportMetricsServiceResponse

const AS_PLAIN = { longs: String, bytes: String, enums: Number }

export function decodeRequest(bytes: Uint8Array): Plain {
  return Request.toObject(Request.decode(bytes), AS_PLAIN)
}

/** A request in JSON. OTLP has ids in hexadecimal digits there, where the mapping of Protocol Buffers has Base64. */
export function decodeJsonRequest(text: string): Plain {
  const plain = JSON.parse(text, (key, value) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value, 'hex').toString('base64') : value,
  )
  return Request.toObject(Request.fromObject(plain), AS_PLAIN)
}

export function encodeResponse(plain: Plain): Buffer {
  return Buffer.from(Response.encode(Response.fromObject(plain)).finish())
}

/** The attributes of a point, of a resource or of a metric's metadata. */
export function attributesOf(attributes: Plain = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }: Plain) => [key, value.stringValue]))
}
