import type { IncomingMessage } from 'node:http'
import { DURATION_BUCKETS } from '../metrics.ts'
import { DEFAULT_MAX_SERIES, keyOf } from '../store/family.ts'
import type { Store } from '../store/store.ts'
import type { Subject } from './custom-labels.ts'
import { type FirstByte, firstByteOf } from './first-byte.ts'
import { Histogram } from './histogram.ts'
import type { HttpOptions } from './http-options.ts'
import { type Answered, CLIENT_CLOSED, isAborted, sentStatusOf } from './outcome.ts'
import { type HttpSeries, Scope } from './series.ts'
import { type Sizes, sizesOf } from './sizes.ts'

/** What is kept for an open exchange where an option asks for it. */
export interface Detail {
  readonly scheme: string
  readonly version: string
  /** Where it is counted while it is open; undefined where all are counted as one. */
  readonly openSlot: number | undefined
  readonly sizes: Sizes | undefined
  readonly firstByte: FirstByte | undefined
}

/** An exchange that details may be kept for. */
export interface Detailed extends Subject {
  readonly startedAt?: number
  detail: Detail | undefined
}

/** How an exchange ended, as its labels tell it. */
export interface Ended {
  readonly method: number
  readonly route: string
  readonly status: number
  readonly category: string | undefined
  /** Undefined where the time says nothing. */
  readonly seconds: number | undefined
  /** Where it was open until now; undefined where it is so no more. */
  readonly open?: number | undefined
}

/**
 * What options add to the recording of an exchange: labels that are computed, sizes, the first byte, and the labels of
 * OpenTelemetry. Made only where one of them is asked for, so that the others pay nothing.
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
    const { firstByte, requestSize, responseSize } = series.naming
    if (options.firstByte) {
      this.#firstBytes = new Histogram(series.family({ ...firstByte, buckets: options.buckets ?? DURATION_BUCKETS }))
    }
    if (options.sizes) {
      this.#requestSizes = new Histogram(series.family(requestSize))
      this.#responseSizes = new Histogram(series.family(responseSize))
    }
  }

  /** Begins what has to be begun with an exchange. Never throws. */
  begin(exchange: Detailed): void {
    try {
      exchange.detail = this.#detailOf(exchange)
    } catch (error) {
      this.#store.trouble('http', `the details of an exchange are missing: ${String(error)}`)
    }
  }

  /** What the exchange has in common with others; undefined stands for an exchange that nobody followed. */
  scopeOf(exchange: Detailed | undefined): Scope {
    const { scheme = '', version = '' } = exchange?.detail ?? {}
    const custom = this.#series.labels.valuesOf(exchange)
    const key = `${scheme} ${version} ${keyOf(custom)}`
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const scope = new Scope(scheme, version, custom)
    // Beyond that the families are full, and nothing will be kept that could be found again.
    if (this.#scopes.size < this.#maxScopes) this.#scopes.set(key, scope)
    return scope
  }

  /** Counts an exchange that has ended, with all that was measured of it. */
  count(exchange: Detailed | undefined, ended: Ended): void {
    const scope = this.scopeOf(exchange)
    const told = this.#series.naming.isOtel && !wasAnswered(exchange, ended.status) ? { ...ended, status: 0 } : ended
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
    const key = naming.isOtel ? this.#series.keyOf(method, status, category) : method
    const labels = (): string[] => naming.sizeValuesOf(this.#series.factsOf(method, route, status, category), scope)
    this.#requestSizes?.observe(sizes.requestBytes, scope, route, key, labels)
    this.#responseSizes?.observe(sizes.responseBytes, scope, route, key, labels)
  }

  #detailOf({ request, response }: Detailed): Detail {
    const { naming } = this.#series
    const scheme = naming.isOtel ? schemeOf(request) : ''
    const method = naming.methods[naming.methodIndexOf(request.method)]!
    const incoming = request as IncomingMessage
    return {
      scheme,
      version: naming.isOtel ? versionOf(request) : '',
      openSlot: naming.isOtel ? this.#series.openSlotOf([method, scheme]) : undefined,
      sizes: this.#requestSizes && response && sizesOf(incoming, response),
      firstByte: this.#firstBytes && response && firstByteOf(response),
    }
  }
}

/** The details that these options ask for; undefined where they ask for none. @throws ERR_PROMHERD_FAMILY_CONFLICT */
export function detailsOf(store: Store, options: HttpOptions, series: HttpSeries): HttpDetails | undefined {
  const isPlain = !options.sizes && !options.firstByte && !series.naming.isOtel && series.labels.isConstant
  return isPlain ? undefined : new HttpDetails(store, options, series)
}

/** False where no status was sent: the one that stands for that is no status of OpenTelemetry's. */
function wasAnswered(exchange: Detailed | undefined, status: number): boolean {
  if (exchange?.response === undefined) return status !== CLIENT_CLOSED
  return (
    !isAborted(exchange.request as IncomingMessage, exchange.response) ||
    sentStatusOf(exchange as Detailed & Answered) !== undefined
  )
}

/**
 * Seconds until the head left; undefined where it did not. A response that was sent past its own methods had sent its
 * head when it ended, at the latest.
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

/** The scheme of the connection: what headers say of it is the client's word. */
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
