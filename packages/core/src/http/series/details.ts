import type { IncomingMessage } from 'node:http'
import { DURATION_BUCKETS } from '../../definitions/metrics.ts'
import { DEFAULT_MAX_SERIES, keyOf } from '../../store/family.ts'
import type { Store } from '../../store/store.ts'
import type { Subject } from '../labels/custom-labels.ts'
import type { HttpOptions } from '../options/http-options.ts'
import { type Sizes, sizesOf } from '../response/body-size.ts'
import { type Answered, CLIENT_CLOSED, isAborted, sentStatusOf } from '../response/response-state.ts'
import { type FirstByte, firstByteOf } from '../response/time-to-first-byte.ts'
import { Histogram } from './histogram.ts'
import { type HttpSeries, Scope } from './series.ts'

/** Data that an option requires for an open exchange. */
export interface Detail {
  readonly scheme: string
  readonly version: string
  /** Where the exchange is counted while it is open; undefined if all exchanges are counted together. */
  readonly openSlot: number | undefined
  readonly sizes: Sizes | undefined
  readonly firstByte: FirstByte | undefined
}

/** An exchange that can have a `Detail`. */
export interface Detailed extends Subject {
  readonly startedAt?: number
  detail: Detail | undefined
}

/** How an exchange ended, as needed for its labels. */
export interface Ended {
  readonly method: number
  readonly route: string
  readonly status: number
  readonly category: string | undefined
  /** Undefined if the duration is not meaningful. */
  readonly seconds: number | undefined
  /** The slot in which it was counted as open until now; undefined if it is no longer counted there. */
  readonly open?: number | undefined
}

/**
 * Records what options add to an exchange: computed labels, body sizes, time to first byte, and the labels of
 * OpenTelemetry. Created only if one of them is enabled, so that other configurations pay nothing.
 */
export class HttpDetails {
  readonly #store: Store
  readonly #series: HttpSeries
  readonly #scopes = new Map<string, Scope>()
  readonly #maxScopes: number
  readonly #firstBytes: Histogram | undefined
  readonly #requestSizes: Histogram | undefined
  readonly #responseSizes: Histogram | undefined

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT */
  constructor(store: Store, options: HttpOptions, series: HttpSeries) {
    this.#store = store
    this.#series = series
    this.#maxScopes = options.maxSeries ?? DEFAULT_MAX_SERIES
    const { timeToFirstByte, requestSize, responseSize } = series.naming
    if (options.timeToFirstByte) {
      this.#firstBytes = new Histogram(
        series.family({ ...timeToFirstByte, buckets: options.buckets ?? DURATION_BUCKETS }),
      )
    }
    if (options.bodySize) {
      this.#requestSizes = new Histogram(series.family(requestSize))
      this.#responseSizes = new Histogram(series.family(responseSize))
    }
  }

  /** Starts the measurements of an exchange. Never throws. */
  begin(exchange: Detailed): void {
    try {
      exchange.detail = this.#detailOf(exchange)
    } catch (error) {
      this.#store.reportError('http', `the details of an exchange are missing: ${String(error)}`)
    }
  }

  /** The label values that the exchange shares with others; undefined stands for an exchange that was not followed. */
  scopeOf(exchange: Detailed | undefined): Scope {
    const { scheme = '', version = '' } = exchange?.detail ?? {}
    const custom = this.#series.labels.valuesOf(exchange)
    const key = `${scheme} ${version} ${keyOf(custom)}`
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const scope = new Scope(scheme, version, custom)
    // Beyond that limit the families are full, so no series could be found by a cached scope.
    if (this.#scopes.size < this.#maxScopes) this.#scopes.set(key, scope)
    return scope
  }

  /** Counts an exchange that has ended, with all its measurements. */
  count(exchange: Detailed | undefined, ended: Ended): void {
    const scope = this.scopeOf(exchange)
    const told =
      this.#series.naming.isOpenTelemetry && !wasAnswered(exchange, ended.status) ? { ...ended, status: 0 } : ended
    const { method, route, status, category, seconds, open } = told
    if (seconds === undefined) this.#series.countUntimed(method, route, status, category, scope, open)
    else this.#series.count(method, route, status, seconds, category, scope, open)
    if (exchange?.detail?.firstByte !== undefined) {
      const taken = untilHead(exchange.detail.firstByte, exchange, seconds)
      if (taken !== undefined) this.#observeFirstByte(taken, told, scope)
    }
    if (exchange?.detail?.sizes !== undefined) this.#observeSizes(exchange.detail.sizes, told, scope)
  }

  #observeFirstByte(seconds: number, { method, route, status, category }: Ended, scope: Scope): void {
    const { naming } = this.#series
    const labels = (): string[] => naming.valuesOf(this.#series.factsOf(method, route, status, category), scope)
    this.#firstBytes?.observe(seconds, scope, route, this.#series.keyOf(method, status, category), labels)
  }

  #observeSizes(sizes: Sizes, { method, route, status, category }: Ended, scope: Scope): void {
    const { naming } = this.#series
    const key = naming.isOpenTelemetry ? this.#series.keyOf(method, status, category) : method
    const labels = (): string[] => naming.sizeValuesOf(this.#series.factsOf(method, route, status, category), scope)
    this.#requestSizes?.observe(sizes.requestBytes, scope, route, key, labels)
    this.#responseSizes?.observe(sizes.responseBytes, scope, route, key, labels)
  }

  #detailOf({ request, response }: Detailed): Detail {
    const { naming } = this.#series
    const scheme = naming.isOpenTelemetry ? schemeOf(request) : ''
    const method = naming.methods[naming.methodIndexOf(request.method)]!
    const incoming = request as IncomingMessage
    return {
      scheme,
      version: naming.isOpenTelemetry ? versionOf(request) : '',
      openSlot: naming.isOpenTelemetry ? this.#series.openSlotOf([method, scheme]) : undefined,
      sizes: this.#requestSizes && response && sizesOf(incoming, response),
      firstByte: this.#firstBytes && response && firstByteOf(response),
    }
  }
}

/** The details that these options require; undefined if they require none. @throws ERR_PROMHERD_FAMILY_CONFLICT */
export function detailsOf(store: Store, options: HttpOptions, series: HttpSeries): HttpDetails | undefined {
  const isPlain =
    !options.bodySize && !options.timeToFirstByte && !series.naming.isOpenTelemetry && series.labels.isConstant
  return isPlain ? undefined : new HttpDetails(store, options, series)
}

/** False if no status was sent: the placeholder status is not valid in OpenTelemetry's labels. */
function wasAnswered(exchange: Detailed | undefined, status: number): boolean {
  if (exchange?.response === undefined) return status !== CLIENT_CLOSED
  return (
    !isAborted(exchange.request as IncomingMessage, exchange.response) ||
    sentStatusOf(exchange as Detailed & Answered) !== undefined
  )
}

/**
 * Seconds until the head was sent; undefined if it was not sent. If a response bypassed its own methods, its head was
 * sent when it ended, at the latest.
 */
function untilHead(
  { at }: FirstByte,
  { startedAt, request, response }: Detailed,
  seconds: number | undefined,
): number | undefined {
  if (at !== undefined && startedAt !== undefined) return Math.max(0, at - startedAt) / 1000
  const hasEnded = response?.headersSent === true && !isAborted(request as IncomingMessage, response)
  return hasEnded ? seconds : undefined
}

/** The scheme of the connection. Headers that name a scheme are not used: the client controls them. */
function schemeOf(request: Subject['request']): string {
  const { socket, stream } = request as {
    readonly socket?: { readonly encrypted?: boolean }
    readonly stream?: { readonly session?: { readonly encrypted?: boolean } }
  }
  if (stream?.session !== undefined) return stream.session.encrypted ? 'https' : 'http'
  if (socket !== undefined) return socket?.encrypted ? 'https' : 'http'
  return request.url?.startsWith('https:') ? 'https' : 'http'
}

function versionOf(request: Subject['request']): string {
  const { httpVersion } = request as { readonly httpVersion?: unknown }
  if (httpVersion === '2.0') return '2'
  return httpVersion === '1.1' || httpVersion === '1.0' ? httpVersion : ''
}
