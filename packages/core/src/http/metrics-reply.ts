import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { negotiate, takesGzip } from '../exposition/negotiate.ts'
import type { Monitor } from '../monitor.ts'
import { checkOptions, isAnything, isBoolean, type Shape } from '../options.ts'
import { monitorOf } from './adapter.ts'
import { leaveOut } from './follow.ts'
import { FOREIGN_HANDLER_OPTIONS } from './foreign-options.ts'

/** What `metricsHandler()` of every adapter takes. */
export interface MetricsHandlerOptions {
  /** Whose metrics to serve. @default the monitor that all adapters of the process share */
  readonly monitor?: Monitor | undefined
  /** Also records the requests for the metrics. @default false */
  readonly record?: boolean | undefined
}

/** The metrics of the herd as what a framework answers. */
export interface MetricsReply {
  /** 200, or 503 where they could not be read. */
  readonly status: 200 | 503
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** What to send, one after the other: a large herd has 20 MB and more. Nobody may write into one. Empty with 503. */
  readonly pieces: readonly Uint8Array[]
}

/** The headers of a request that decide in which format the metrics are served. */
export type Preferences = Pick<IncomingHttpHeaders, 'accept' | 'accept-encoding'>

/** Replies to requests for the metrics. */
export class MetricsResponder {
  readonly #monitor: Monitor
  readonly #records: boolean

  /** @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION */
  constructor(options: MetricsHandlerOptions = {}) {
    checkOptions('metricsHandler', options, HANDLER_SHAPE, FOREIGN_HANDLER_OPTIONS)
    this.#monitor = monitorOf(options.monitor)
    this.#records = options.record ?? false
  }

  /** True where the requests for the metrics are recorded like others. */
  get records(): boolean {
    return this.#records
  }

  /**
   * Returns what to answer a request with these headers: OpenMetrics where they prefer it, packed where they accept
   * gzip. An exchange on `response` is left out of what is recorded. Never rejects.
   */
  async reply(preferences: Preferences, response?: ServerResponse): Promise<MetricsReply> {
    if (response !== undefined && !this.#records) leaveOut(response)
    const { store } = this.#monitor
    try {
      const isPacked = takesGzip(preferences)
      const { contentType, bytes, encoding } = await this.#monitor.exposition(negotiate(preferences.accept), isPacked)
      const headers = { 'content-type': contentType, 'content-length': String(bytes.length), vary: VARY }
      const packed = encoding === undefined ? headers : { ...headers, 'content-encoding': encoding }
      return { status: 200, headers: packed, pieces: bytes.pieces }
    } catch (error) {
      store.trouble('http', `the metrics could not be served: ${String(error)}`)
      return { status: 503, headers: { 'content-length': '0' }, pieces: [] }
    }
  }

  /** Answers a request of Node with the metrics, or with 503 where they cannot be read. Never rejects. */
  async send(preferences: Preferences, response: ServerResponse): Promise<void> {
    const { status, headers, pieces } = await this.reply(preferences, response)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    // The next piece goes when the one before is on its way. A reader that leaves is no trouble of ours.
    pipeline(Readable.from(pieces), response, () => {})
  }
}

const VARY = 'accept, accept-encoding'

const HANDLER_SHAPE: Shape<MetricsHandlerOptions> = {
  // Checked by `monitorOf`.
  monitor: isAnything,
  record: isBoolean('Set it to true to record the requests for the metrics like others.'),
}
