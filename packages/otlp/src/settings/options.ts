import {
  type Check,
  checkOptions,
  isFunction,
  isOneOf,
  isString,
  promherdError,
  type Shape,
} from '@promherd/core/forward'

/** How the metrics of a herd are sent by OTLP. */
export interface OtlpOptions {
  /**
   * The address of the receiver. `/v1/metrics` is appended to its path unless the path already ends with it.
   * @default OTEL_EXPORTER_OTLP_METRICS_ENDPOINT unchanged, else OTEL_EXPORTER_OTLP_ENDPOINT, else
   * http://localhost:4318
   */
  readonly url?: string | undefined
  /** Sent with each request, besides those of OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_METRICS_HEADERS. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How often metrics are sent, in seconds. @default OTEL_METRIC_EXPORT_INTERVAL, in milliseconds, else 60 */
  readonly interval?: number | undefined
  /** How long one push may take, in seconds. @default OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds, else 10 */
  readonly timeout?: number | undefined
  /** How metrics are encoded. @default OTEL_EXPORTER_OTLP_PROTOCOL, else 'http/protobuf' */
  readonly protocol?: Protocol | undefined
  /** Whether requests are compressed. @default OTEL_EXPORTER_OTLP_COMPRESSION, else 'none' */
  readonly compression?: Compression | undefined
  /** Attributes of the resource, in addition to those of OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. */
  readonly resource?: Readonly<Record<string, string>> | undefined
  /** The file of the certificates to trust. @default OTEL_EXPORTER_OTLP_CERTIFICATE, else those that Node trusts */
  readonly certificate?: string | undefined
  /** The file of the certificate of this client. @default OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, else none */
  readonly clientCertificate?: string | undefined
  /** The file of the key of this client. @default OTEL_EXPORTER_OTLP_CLIENT_KEY, else none */
  readonly clientKey?: string | undefined
}

export const PROTOCOLS = ['http/protobuf', 'http/json'] as const
export type Protocol = (typeof PROTOCOLS)[number]

export const COMPRESSIONS = ['none', 'gzip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

const isUrl: Check = (name, value) => {
  if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)) return
  const remedy = 'Give the address of an OTLP receiver, such as http://localhost:4318.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a URL of http or https', value, remedy)
}

const isSeconds: Check = (name, value) => {
  if (typeof value === 'number' && value >= LEAST_SECONDS && value <= MOST_SECONDS) return
  const expected = `a number of seconds from ${LEAST_SECONDS} to ${MOST_SECONDS}`
  throw promherdError(
    'ERR_PROMHERD_BAD_OPTION',
    name,
    expected,
    value,
    'Variables of the environment have milliseconds.',
  )
}

const LEAST_SECONDS = 0.01
const MOST_SECONDS = 86_400

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isHeaders: Check = (name, value) => {
  const isHeader = ([key, text]: [string, unknown]): boolean =>
    HEADER_NAME.test(key) && typeof text === 'string' && HEADER_VALUE.test(text)
  if (isRecord(value) && Object.entries(value).every(isHeader)) return
  // The value is not shown: it can be a secret.
  const given = isRecord(value) ? `the headers ${Object.keys(value).join(', ')}` : typeof value
  const remedy = 'Give names and values as they are sent.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'names and values of HTTP headers', given, remedy)
}

/** A token of RFC 9110, and the allowed characters of a field value. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const isAttributes: Check = (name, value) => {
  if (isRecord(value) && Object.values(value).every(each => typeof each === 'string')) return
  const remedy = "Give strings, such as { 'service.name': 'shop' }."
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'names and values of attributes', value, remedy)
}

const isProtocol: Check = (name, value) => {
  const grpc = 'gRPC is not supported: receivers take OTLP over HTTP too, by default on port 4318.'
  isOneOf(PROTOCOLS, value === 'grpc' ? grpc : 'Leave it out for http/protobuf.')(name, value)
}

/** How each of the options is checked. */
export const OTLP_SHAPE: Shape<OtlpOptions> = {
  url: isUrl,
  headers: isHeaders,
  interval: isSeconds,
  timeout: isSeconds,
  protocol: isProtocol,
  compression: isOneOf(COMPRESSIONS, 'Leave it out for none.'),
  resource: isAttributes,
  certificate: isString('Give the path of a file in PEM format.'),
  clientCertificate: isString('Give the path of a file in PEM format.'),
  clientKey: isString('Give the path of a file in PEM format.'),
}

/** Options of `forward`. */
export interface ForwardOptions {
  /** Where and how metrics are sent. An empty object uses only the environment and the defaults. */
  readonly otlp: OtlpOptions
  /** Called with warnings. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** How each of the options is checked. */
export const FORWARD_SHAPE: Shape<ForwardOptions> = {
  otlp: (name, value) => checkOptions(name, value as OtlpOptions, OTLP_SHAPE),
  onWarning: isFunction('Give a function that takes the message.'),
}
