import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../../base/shared.ts'
import { seeFirst, statusIn } from '../response/first-write.ts'
import { Hidden } from '../response/hidden.ts'
import { CLIENT_CLOSED, GIVEN_UP, isLeft } from '../response/response-state.ts'
import type { Detail } from '../series/details.ts'
import type { RouteOf } from './exchange.ts'
import { isPlaceholder } from './route-source.ts'

/**
 * Connections that leave HTTP: WebSockets, tunnels, and any other protocol of a server after `upgrade` or `connect`.
 *
 * The code that takes over such a connection writes the status line to it directly, so the status is read from the
 * first bytes written. With 101, or 2xx for CONNECT, it is a stream until it closes; with any other status it was a
 * plain response.
 */
export class Upgrade {
  readonly request: IncomingMessage
  /** Replaced, with its context, by a framework that handles the upgrade. */
  routeOf: RouteOf<unknown>
  context: unknown
  /** True while the route is left to a framework. */
  isUnnamed: boolean
  /** The status that the client was sent; 0 until the first bytes are written. */
  statusCode = 0
  isStream = false
  /** Data that the owner's options require; undefined if they require nothing. */
  detail: Detail | undefined = undefined
  readonly owner: UpgradeOwner

  /** Follows `socket` until it closes. */
  constructor(owner: UpgradeOwner, request: IncomingMessage, socket: Duplex, routeOf: RouteOf<unknown>) {
    this.owner = owner
    this.request = request
    // No framework has seen it yet.
    this.routeOf = () => routeOf(request)
    this.context = undefined
    this.isUnnamed = isPlaceholder(routeOf)
    Upgraded.add(request, this)
    seeFirst(socket, chunk => this.begun(chunk))
    socket.once('close', () => {
      if (this.statusCode === 0) this.statusCode = isLeft(socket as never) ? CLIENT_CLOSED : GIVEN_UP
      owner.upgradeEnded(this)
    })
  }

  /** Must be called with the first chunk that was written, or without one if that was missed. */
  begun(chunk?: unknown): void {
    if (this.statusCode !== 0) return
    const isTunnel = this.request.method === 'CONNECT'
    // Code that writes data without a status line has accepted the connection.
    this.statusCode = statusIn(chunk) ?? (isTunnel ? 200 : 101)
    this.isStream = isTunnel ? this.statusCode >= 200 && this.statusCode < 300 : this.statusCode === 101
    if (this.isStream) this.owner.upgradeBegun(this)
  }
}

/** Receives events of upgrades. Must not throw. */
export interface UpgradeOwner {
  readonly store: object
  /** The upgrade has become a stream. */
  upgradeBegun(upgrade: Upgrade): void
  upgradeEnded(upgrade: Upgrade): void
}

/** The upgrade of this request that `store` counts. */
export function upgradeOf(request: IncomingMessage, store: object): Upgrade | undefined {
  return Upgraded.of(request).find(({ owner }) => owner.store === store)
}

/** The owner of the first upgrade of this request; undefined if there is none. */
export function ownerOfUpgrade(request: IncomingMessage): UpgradeOwner | undefined {
  return Upgraded.of(request)[0]?.owner
}

/** Sets the source of the route of this request's upgrades, if they have only a placeholder. */
export function nameUpgrade<Context>(request: IncomingMessage, routeOf: RouteOf<Context>, context: Context): void {
  for (const upgrade of Upgraded.of(request)) {
    if (!upgrade.isUnnamed) continue
    upgrade.isUnnamed = false
    upgrade.routeOf = routeOf as RouteOf<unknown>
    upgrade.context = context
  }
}

/** Stores the upgrades on a request. */
const Upgraded = shared(
  'upgrades of a request',
  () =>
    class Upgraded extends Hidden {
      #upgrades: readonly Upgrade[] = []

      static of(request: object): readonly Upgrade[] {
        return #upgrades in request ? (request as Upgraded).#upgrades : []
      }

      static add(request: object, upgrade: Upgrade): void {
        const place = #upgrades in request ? (request as Upgraded) : (new Upgraded(request) as Upgraded)
        place.#upgrades = [...place.#upgrades, upgrade]
      }
    },
)
