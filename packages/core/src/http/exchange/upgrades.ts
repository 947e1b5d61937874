import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../../base/shared.ts'
import type { RouteOf } from '../labels/route-of.ts'
import { seeFirst, statusIn } from '../response/first-write.ts'
import { Hidden } from '../response/hidden.ts'
import { CLIENT_CLOSED_REQUEST, isClosedByPeer, SERVER_ABORTED } from '../response/response-state.ts'
import { watchWebSockets } from '../response/websocket-path.ts'
import { end } from './end.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeOwner } from './exchange-owner.ts'
import { asPlaceholder, isPlaceholder, unknownRoute } from './route-source.ts'

/**
 * Connections that leave HTTP: WebSockets, tunnels, and any other protocol of a server after `upgrade` or `connect`.
 *
 * The code that takes over such a connection writes the status line to it directly, so the status is read from the
 * first bytes written. With 101, or 2xx for CONNECT, it is a stream until it closes; with any other status it was a
 * plain response.
 */

/** Follows a connection that leaves HTTP until it closes, unless its request is ignored. */
export function followUpgrade(owner: ExchangeOwner, request: IncomingMessage, socket: Duplex): void {
  if (owner.callbacks.ignores(request)) return
  watchWebSockets((socket as { readonly server?: object }).server)
  const { bareRouteOf = unknownRoute } = owner
  // The context is the framework's own object, and no framework has seen the request yet.
  const routeOf = (): string | undefined => bareRouteOf(request)
  if (isPlaceholder(bareRouteOf)) asPlaceholder(routeOf)
  const exchange = new Exchange(owner, 'upgrade', request, undefined, routeOf, undefined)
  Upgraded.add(request, exchange)
  seeFirst(socket, chunk => begin(exchange, chunk))
  socket.once('close', () => {
    if (exchange.status === 0)
      exchange.status = isClosedByPeer(socket as never) ? CLIENT_CLOSED_REQUEST : SERVER_ABORTED
    end(exchange)
  })
  owner.series.open(exchange)
}

/** A framework that handles an upgrade knows its route; how the upgrade ends is seen on the connection. */
export function routeUpgrade(
  owner: ExchangeOwner,
  request: IncomingMessage,
  routeOf: RouteOf<unknown>,
  context: unknown,
): void {
  const isLate = upgradeOf(request, owner.store) === undefined
  if (isLate) followUpgrade(owner, request, request.socket)
  const upgrade = upgradeOf(request, owner.store)
  if (upgrade === undefined) return
  // Some frameworks see a connection only after it was accepted.
  if (isLate && request.socket.bytesWritten > 0) begin(upgrade, undefined)
  upgrade.routeOf = routeOf
  upgrade.context = context
}

/** The owner of the first upgrade of this request; undefined if there is none. */
export function ownerOfUpgrade(request: IncomingMessage): ExchangeOwner | undefined {
  return Upgraded.of(request)[0]?.owner
}

/** Sets the source of the route of this request's upgrades, if they have only a placeholder. */
export function nameUpgrade<Context>(request: IncomingMessage, routeOf: RouteOf<Context>, context: Context): void {
  for (const upgrade of Upgraded.of(request)) {
    if (!isPlaceholder(upgrade.routeOf)) continue
    upgrade.routeOf = routeOf as RouteOf<unknown>
    upgrade.context = context
  }
}

/** The first chunk was written to the connection; undefined if that was missed. */
function begin(exchange: Exchange, chunk: unknown): void {
  if (exchange.status !== 0) return
  const isTunnel = exchange.request.method === 'CONNECT'
  // Code that writes data without a status line has accepted the connection.
  const status = statusIn(chunk) ?? (isTunnel ? 200 : 101)
  exchange.status = status
  const isStream = isTunnel ? status >= 200 && status < 300 : status === 101
  if (isStream) exchange.owner.series.becomeStream(exchange, 'upgrade')
}

function upgradeOf(request: IncomingMessage, store: object): Exchange | undefined {
  return Upgraded.of(request).find(({ owner }) => owner.store === store)
}

/** Stores the upgrades on a request. */
const Upgraded = shared(
  'upgrades of a request',
  () =>
    class Upgraded extends Hidden {
      #upgrades: readonly Exchange[] = []

      static of(request: object): readonly Exchange[] {
        return #upgrades in request ? (request as Upgraded).#upgrades : []
      }

      static add(request: object, upgrade: Exchange): void {
        const place = #upgrades in request ? (request as Upgraded) : (new Upgraded(request) as Upgraded)
        place.#upgrades = [...place.#upgrades, upgrade]
      }
    },
)
