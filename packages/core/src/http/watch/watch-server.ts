import diagnostics from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../../base/shared.ts'
import { connectionTimedOut } from '../exchange/connection-failure.ts'
import type { ExchangeOwner } from '../exchange/exchange-owner.ts'
import { isFollowed } from '../exchange/followed-exchanges.ts'
import { followUpgrade } from '../exchange/upgrades.ts'
import { Hidden } from '../response/hidden.ts'
import { type EmitObserver, type Event, observeEmit } from './observe-emit.ts'
import { dropped, isLimited, isRefused, malformed, refusing } from './refused-requests.ts'

/**
 * Receives all events of a server: the requests that it is given, with whatever listeners it has at that time, the
 * requests that Node refuses itself, upgrades, and timeouts.
 *
 * The application would see a listener of promherd, could remove it, and the listener would change what Node does: Node
 * responds to a malformed request only if there is no listener for `clientError`. So no listener is added. Node
 * publishes HTTP/1 requests on a diagnostics channel before any listener is called. It has no such channel for the
 * other events, which are observed when they are emitted (`observe-emit.ts`).
 */

/** A server of node:http, node:https or node:http2: any object that emits `request` with a request and its response. */
export type RequestServer = EventEmitter

/**
 * Counts the events of `server` besides its requests, once for each store even if called repeatedly. Returns a function
 * that stops it.
 */
export function watchServer(server: RequestServer, owner: ExchangeOwner): () => void {
  const { owners } = Watch.on(server)
  if (owners.some(({ store }) => store === owner.store)) return () => {}
  return added(server, owners, owner)
}

/** Called with a request before its listeners are. Must not throw. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Calls `listener` with each request that `server` passes to the application from now on, also with one with `Expect`,
 * which has its own event. Returns a function that stops it.
 */
export function seeRequests(server: RequestServer, listener: RequestListener): () => void {
  return added(server, Watch.on(server).listeners, listener)
}

/** The same, but `listener` is called before all listeners of `seeRequests`. */
export function seeRequestsFirst(server: RequestServer, listener: RequestListener): () => void {
  return added(server, Watch.on(server).first, listener)
}

function added<T>(server: RequestServer, list: T[], one: T): () => void {
  list.push(one)
  return () => {
    const index = list.indexOf(one)
    if (index < 0) return
    list.splice(index, 1)
    WatchOf.get(server)?.stopIfIdle()
  }
}

/** The functions that are called for one server. */
class Watch implements EmitObserver {
  readonly owners: ExchangeOwner[] = []
  readonly first: RequestListener[] = []
  readonly listeners: RequestListener[] = []
  readonly server: RequestServer
  readonly #stop: () => void
  /** True if the diagnostics channel has already delivered this request: the next `emit` is ignored. */
  #isPassedOn = false

  constructor(server: RequestServer) {
    this.server = server
    this.#stop = observeEmit(server, this)
    subscribe()
  }

  /** The watch of `server`; created by the first call. */
  static on(server: RequestServer): Watch {
    return WatchOf.get(server) ?? WatchOf.set(server, new Watch(server))
  }

  /** Node has read a request and is about to decide how to handle it. */
  published(request: IncomingMessage, response: ServerResponse): void {
    if (isRefused(this.server, request)) refusing(this.owners, request, response)
    else if (!isLimited(this.server)) {
      this.#isPassedOn = true
      this.#passed(request, response)
    }
  }

  /** True, once, if the next event is one that was seen already. */
  isSeen(): boolean {
    const isSeen = this.#isPassedOn
    this.#isPassedOn = false
    return isSeen
  }

  emitted([name, first, second]: Event): void {
    try {
      if (name === 'request' || name === 'checkContinue' || name === 'checkExpectation') {
        if (isUnseen(second)) this.#passed(first as IncomingMessage, second)
      } else if (name === 'clientError') malformed(this.owners, first, second as Duplex)
      else if (name === 'dropRequest') dropped(this.owners, first as IncomingMessage)
      else if (name === 'timeout') connectionTimedOut(first as EventEmitter)
      else if (name === 'upgrade' || name === 'connect') {
        for (const owner of this.owners) followUpgrade(owner, first as IncomingMessage, second as Duplex)
      }
    } catch (error) {
      this.fault(error)
    }
  }

  fault(error: unknown): void {
    for (const { store } of this.owners) store.reportError('http', `a server could not be watched: ${String(error)}`)
  }

  stopIfIdle(): void {
    if (this.owners.length + this.first.length + this.listeners.length > 0) return
    WatchOf.set(this.server, undefined)
    this.#stop()
  }

  #passed(request: IncomingMessage, response: ServerResponse): void {
    for (let i = 0; i < this.first.length; i++) this.first[i]!(request, response)
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i]!(request, response)
  }
}

/** True for a response that no part of promherd has seen, because no channel published it. */
function isUnseen(response: unknown): response is ServerResponse {
  return typeof response === 'object' && response !== null && !isFollowed(response as ServerResponse)
}

/** Stores the watch on a server. */
const WatchOf = shared(
  'watch of a server',
  () =>
    class WatchOf extends Hidden {
      #watch: Watch | undefined

      static get(server: object): Watch | undefined {
        return #watch in server ? (server as WatchOf).#watch : undefined
      }

      static set<T extends Watch | undefined>(server: object, watch: T): T {
        const place = #watch in server ? (server as WatchOf) : (new WatchOf(server) as WatchOf)
        place.#watch = watch
        return watch
      }
    },
)

/** The message that Node publishes when a request begins, before it decides whether to refuse it. */
interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: RequestServer
}

/** Whether one of the copies of this package is subscribed: it serves all of them. */
const CHANNEL = shared('request channel', () => ({ isSubscribed: false }))

function subscribe(): void {
  if (CHANNEL.isSubscribed) return
  CHANNEL.isSubscribed = true
  diagnostics.subscribe('http.server.request.start', message => {
    const { request, response, server } = message as Started
    const watch = WatchOf.get(server)
    if (watch === undefined) return
    try {
      watch.published(request, response)
    } catch (error) {
      watch.fault(error)
    }
  })
}
