import { unroutedOf } from '../labels/labels.ts'
import type { RequestLike } from '../labels/request-like.ts'
import { end } from './end.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeOwner } from './exchange-owner.ts'
import { leaveUncounted } from './follow.ts'
import { unknownRoute } from './route-source.ts'

/** An open exchange in a runtime without a `ServerResponse`. */
export interface OpenExchange {
  /**
   * Records how the exchange ended: the route template (undefined if no route handled it), the status that was sent
   * (499 if the client disconnected before any was sent), and the error if one was thrown. Later calls do nothing.
   * Never throws.
   */
  end(route: string | undefined, statusCode: number, error?: unknown): void
  /** Ends the exchange without recording it. Later calls do nothing. Never throws. */
  leaveOut(): void
}

/** An exchange that its caller ends, where there is no response of Node. */
export class ManualExchange implements OpenExchange {
  readonly #exchange: Exchange

  constructor(owner: ExchangeOwner, request: RequestLike, context: unknown) {
    this.#exchange = new Exchange(owner, 'manual', request, undefined, unknownRoute, context)
    owner.series.open(this.#exchange)
  }

  end(route: string | undefined, statusCode: number, error?: unknown): void {
    const exchange = this.#exchange
    if (!exchange.isOpen) return
    exchange.route = route ?? unroutedOf(statusCode)
    exchange.status = statusCode
    exchange.error = error
    end(exchange)
  }

  leaveOut(): void {
    if (this.#exchange.isOpen) leaveUncounted(this.#exchange)
  }
}

/** Returned for an exchange that is not recorded. */
export const IGNORED: OpenExchange = { end: () => {}, leaveOut: () => {} }
