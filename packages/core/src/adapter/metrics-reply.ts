import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { checkOptions, isAnything, isBoolean, type Shape } from '../base/check-options.ts'
import { negotiate, takesGzip } from '../exposition/negotiate.ts'
import { leaveOut } from '../http/exchange/follow.ts'
import { FOREIGN_HANDLER_OPTIONS } from '../http/options/foreign-options.ts'
import { internalsOf, type MonitorInternals } from '../monitor/internals.ts'
import type { Monitor } from '../monitor/monitor.ts'
import { monitorOf } from './recorder-for.ts'

/** Options of `metricsHandler()`, of this package and of every adapter. */
export interface MetricsHandlerOptions {
  /** The monitor whose metrics are served. @default the monitor that all adapters of the process share */
  readonly monitor?: Monitor | undefined
  /** Also records the requests for the metrics. @default false */
  readonly record?: boolean | undefined
}

/** The metrics of the herd as a response for a framework. */
export interface MetricsReply {
  /** 200, or 503 if they could not be read. */
  readonly status: 200 | 503
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The body, to be sent in this order: a large herd has 20 MB and more. Callers must not write into the pieces. Empty
   * with 503.
   */
  readonly pieces: readonly Uint8Array[]
}

/** The request headers that determine the format of the metrics. */
type Preferences = Pick<IncomingHttpHeaders, 'accept' | 'accept-encoding'>

/** Responds to requests for the metrics. */
export class MetricsResponder {
  readonly #internals: MonitorInternals
  readonly #records: boolean

  /** @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION */
  constructor(options: MetricsHandlerOptions = {}) {
    checkOptions('metricsHandler', options, HANDLER_SHAPE, FOREIGN_HANDLER_OPTIONS)
    this.#internals = internalsOf(monitorOf(options.monitor))
    this.#records = options.record ?? false
  }

  /** True if the requests for the metrics are recorded like others. */
  get records(): boolean {
    return this.#records
  }

  /**
   * Returns the response to a request with these headers: OpenMetrics if they prefer it, compressed if they accept
   * gzip. An exchange on `response` is not recorded, unless the option says so. Never rejects.
   */
  async reply(preferences: Preferences, response?: ServerResponse): Promise<MetricsReply> {
    if (response !== undefined && !this.#records) leaveOut(response)
    const { store, exposition } = this.#internals
    try {
      const isPacked = takesGzip(preferences)
      const { contentType, bytes, encoding } = await exposition(negotiate(preferences.accept), isPacked)
      const headers = { 'content-type': contentType, 'content-length': String(bytes.length), vary: VARY }
      const packed = encoding === undefined ? headers : { ...headers, 'content-encoding': encoding }
      return { status: 200, headers: packed, pieces: bytes.pieces }
    } catch (error) {
      store.reportError('http', `the metrics could not be served: ${String(error)}`)
      return { status: 503, headers: { 'content-length': '0' }, pieces: [] }
    }
  }

  /** Responds to a Node request with the metrics, or with 503 if they cannot be read. Never rejects. */
  async send(preferences: Preferences, response: ServerResponse): Promise<void> {
    const { status, headers, pieces } = await this.reply(preferences, response)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    // The next piece is written when the previous one has been sent. A client that disconnects is not an error here.
    pipeline(Readable.from(pieces), response, () => {})
  }
}

const VARY = 'accept, accept-encoding'

const HANDLER_SHAPE: Shape<MetricsHandlerOptions> = {
  // Checked by `monitorOf`.
  monitor: isAnything,
  record: isBoolean('Set it to true to record the requests for the metrics like others.'),
}
