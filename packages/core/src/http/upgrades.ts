import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../shared.ts'
import type { Detail } from './details.ts'
import { seeFirst, statusIn } from './first-write.ts'
import { isPlaceholder, type RouteOf } from './follow.ts'
import { Hidden } from './hidden.ts'
import { CLIENT_CLOSED, GIVEN_UP, isLeft } from './outcome.ts'

/**
 * Connections that leave HTTP: WebSockets, tunnels, and whatever else a server speaks after `upgrade` or `connect`.
 *
 * Who takes such a connection writes the status line to it by hand, so that is read from the first thing written.
 * With 101, or 2xx for CONNECT, it is a stream until it closes; with any other status it was a plain answer.
 */
export class Upgrade {
  readonly request: IncomingMessage
  /** Replaced, with its context, by a framework that is asked about the upgrade. */
  routeOf: RouteOf<unknown>
  context: unknown
  /** True while the route is left to those who know it. */
  isUnnamed: boolean
  /** What the client was sent; until the first bytes that nobody knows. */
  statusCode = 0
  isStream = false
  /** What the owner keeps for its options; undefined where they ask for nothing. */
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

  /** To be called with the first thing that was written; with nothing where that has gone by. */
  begun(chunk?: unknown): void {
    if (this.statusCode !== 0) return
    const isTunnel = this.request.method === 'CONNECT'
    // Who speaks at once, without an answer, has taken the connection.
    this.statusCode = statusIn(chunk) ?? (isTunnel ? 200 : 101)
    this.isStream = isTunnel ? this.statusCode >= 200 && this.statusCode < 300 : this.statusCode === 101
    if (this.isStream) this.owner.upgradeBegun(this)
  }
}

/** Who is told of upgrades. Must not throw. */
export interface UpgradeOwner {
  readonly store: object
  /** It has become a stream. */
  upgradeBegun(upgrade: Upgrade): void
  upgradeEnded(upgrade: Upgrade): void
}

/** The upgrade of this request that `store` counts. */
export function upgradeOf(request: IncomingMessage, store: object): Upgrade | undefined {
  return Upgraded.of(request).find(({ owner }) => owner.store === store)
}

/** Who counts the first upgrade of this request; undefined where nobody does. */
export function ownerOfUpgrade(request: IncomingMessage): UpgradeOwner | undefined {
  return Upgraded.of(request)[0]?.owner
}

/** Has the route of the upgrades of this request told by `routeOf`, where it was left to those who know it. */
export function nameUpgrade<Context>(request: IncomingMessage, routeOf: RouteOf<Context>, context: Context): void {
  for (const upgrade of Upgraded.of(request)) {
    if (!upgrade.isUnnamed) continue
    upgrade.isUnnamed = false
    upgrade.routeOf = routeOf as RouteOf<unknown>
    upgrade.context = context
  }
}

/** Where a request has its upgrades. */
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
