import type { IncomingMessage } from 'node:http'
import type { Store } from '../../store/store.ts'
import type { RouteOf } from '../labels/route-of.ts'
import type { Callbacks } from '../options/callbacks.ts'
import type { HttpSeries } from '../series/series.ts'

/** What the exchanges of one recorder share: store, series, functions of the user. */
export class ExchangeOwner {
  /** Exchanges of one store are counted once, however many owners record into it. */
  readonly store: Store
  readonly series: HttpSeries
  readonly callbacks: Callbacks
  /** True if no option was given. */
  readonly isPlain: boolean
  /** Called when a fallback yields; undefined if the owner is no fallback (`fallback.ts`). */
  readonly onYield: (() => void) | undefined
  /** True once a fallback has yielded: it no longer counts anything. */
  hasYielded = false
  /** Names the routes of a server if no framework does. */
  bareRouteOf: RouteOf<IncomingMessage> | undefined = undefined
  /** The functions that stop the watching of servers; only of a fallback. */
  readonly stops: (() => void)[] = []

  constructor(
    store: Store,
    series: HttpSeries,
    callbacks: Callbacks,
    isPlain: boolean,
    onYield: (() => void) | undefined,
  ) {
    this.store = store
    this.series = series
    this.callbacks = callbacks
    this.isPlain = isPlain
    this.onYield = onYield
  }

  reportError(message: string): void {
    this.store.reportError('http', message)
  }
}
