import type { ServerResponse } from 'node:http'
import { shared } from '../../base/shared.ts'
import { Hidden } from '../response/hidden.ts'
import type { FollowedExchange } from './exchange.ts'

/** The exchanges of a response: a list, since several stores may follow it. */

/** The exchange that `store` follows on this response, open or settled. */
export function exchangeOf(response: ServerResponse, store: object): FollowedExchange | undefined {
  let exchange = Followed.of(response)
  while (exchange !== undefined && exchange.owner.store !== store) exchange = exchange.sibling
  return exchange
}

/** The first exchange of this response; the others are its siblings. */
export function firstExchangeOf(response: ServerResponse): FollowedExchange | undefined {
  return Followed.of(response)
}

/** Makes `exchange` the first one of its response. */
export function attach(exchange: FollowedExchange): void {
  Followed.by(exchange.response, exchange)
}

/** Adds the private field for an exchange to a response that may be followed later. */
export function reserve(response: ServerResponse): void {
  if (!isFollowed(response)) Followed.by(response, undefined)
}

/** True if an exchange follows or followed this response. */
export function isFollowed(response: ServerResponse): boolean {
  return Followed.of(response) !== undefined
}

/** Stores the thrown value on all exchanges of the response, for all owners. */
export function noteError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.error = error === undefined ? null : error
  }
}

/** Stores the thrown value unless there is one already: a framework may replace one error by another. */
export function noteFirstError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (exchange.error === undefined) exchange.error = error === undefined ? null : error
  }
}

/** Stores that no route matched, in whatever way the framework reported it. */
export function noteUnrouted(response: ServerResponse): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.isUnrouted = true
  }
}

/** Stores the exchanges on a response. */
const Followed = shared(
  'exchanges of a response',
  () =>
    class Followed extends Hidden {
      #exchange: FollowedExchange | undefined

      static of(response: object): FollowedExchange | undefined {
        return #exchange in response ? (response as Followed).#exchange : undefined
      }

      static by(response: object, exchange: FollowedExchange | undefined): void {
        const place = #exchange in response ? (response as Followed) : (new Followed(response) as Followed)
        place.#exchange = exchange
      }
    },
)
