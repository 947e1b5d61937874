import diagnostics from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../shared.ts'
import type { Store } from '../store/store.ts'
import { connectionTimedOut } from './close-reason.ts'
import { isFollowed } from './follow.ts'
import { Hidden } from './hidden.ts'
import { type EmitObserver, type Event, observeEmit } from './observe-emit.ts'
import { dropped, isLimited, isRefused, malformed, refusing } from './protocol.ts'

/**
 * Sees all that happens to a server: the requests that it is given, whichever listeners it has by then, those that Node
 * refuses itself, upgrades, and deadlines.
 *
 * A listener of promherd's would be seen by the application, could be removed by it, and would change what Node does: it
 * responds to a malformed request only where nothing listens for `clientError`. So none is added. Requests of HTTP/1 are
 * published by Node on a diagnostics channel before any listener is called. Node has no such channel for the rest, which
 * is observed as it is emitted (`observe-emit.ts`).
 */

/** A server of node:http, node:https or node:http2: whatever emits `request` with a request and its response. */
export type RequestServer = EventEmitter

/** Receives what happens to a server besides requests. Must not throw. */
export interface ServerWatcher {
  readonly store: Store
  /** A request that Node refused with `statusCode`; its method where that could be read. */
  refused(method: string | undefined, statusCode: number): void
  /** A connection that leaves HTTP, before the listeners that take it are called. */
  upgraded(request: IncomingMessage, socket: Duplex): void
}

/** Has `watcher` receive what happens to `server`, once for each store however often it is asked. Returns how to stop. */
export function watchServer(server: RequestServer, watcher: ServerWatcher): () => void {
  const { watchers } = Watch.on(server)
  if (watchers.some(({ store }) => store === watcher.store)) return () => {}
  return added(server, watchers, watcher)
}

/** Is called with a request before its listeners are. Must not throw. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Has `listener` called with each request that `server` passes to the application from now on, also one with `Expect`
 * that comes by an event of its own. Returns how to stop.
 */
export function seeRequests(server: RequestServer, listener: RequestListener): () => void {
  return added(server, Watch.on(server).listeners, listener)
}

/** The same, before all that were or will be added by `seeRequests`. */
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

/** What is called for one server. */
class Watch implements EmitObserver {
  readonly watchers: ServerWatcher[] = []
  readonly first: RequestListener[] = []
  readonly listeners: RequestListener[] = []
  readonly server: RequestServer
  readonly #stop: () => void
  /** The request that was published last goes to listeners that nothing of ours needs to stand before. */
  #isPassedOn = false

  constructor(server: RequestServer) {
    this.server = server
    this.#stop = observeEmit(server, this)
    subscribe()
  }

  /** What is called for `server`; made with the first that asks. */
  static on(server: RequestServer): Watch {
    return WatchOf.get(server) ?? WatchOf.set(server, new Watch(server))
  }

  /** Node has read a request and is about to decide what becomes of it. */
  published(request: IncomingMessage, response: ServerResponse): void {
    if (isRefused(this.server, request)) refusing(this.watchers, request, response)
    else if (!isLimited(this.server)) {
      this.#isPassedOn = true
      this.#passed(request, response)
    }
  }

  /** True, once, where the next event is one that was seen already. */
  isSeen(): boolean {
    const isSeen = this.#isPassedOn
    this.#isPassedOn = false
    return isSeen
  }

  emitted([name, first, second]: Event): void {
    try {
      if (name === 'request' || name === 'checkContinue' || name === 'checkExpectation') {
        if (isUnseen(second)) this.#passed(first as IncomingMessage, second)
      } else if (name === 'clientError') malformed(this.watchers, first, second as Duplex)
      else if (name === 'dropRequest') dropped(this.watchers, first as IncomingMessage)
      else if (name === 'timeout') connectionTimedOut(first as EventEmitter)
      else if (name === 'upgrade' || name === 'connect') {
        for (const watcher of this.watchers) watcher.upgraded(first as IncomingMessage, second as Duplex)
      }
    } catch (error) {
      this.fault(error)
    }
  }

  fault(error: unknown): void {
    for (const { store } of this.watchers) store.trouble('http', `a server could not be watched: ${String(error)}`)
  }

  stopIfIdle(): void {
    if (this.watchers.length + this.first.length + this.listeners.length > 0) return
    WatchOf.set(this.server, undefined)
    this.#stop()
  }

  #passed(request: IncomingMessage, response: ServerResponse): void {
    for (let i = 0; i < this.first.length; i++) this.first[i]!(request, response)
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i]!(request, response)
  }
}

/** True for a response that nothing of ours has seen: it came by no channel. */
function isUnseen(response: unknown): response is ServerResponse {
  return typeof response === 'object' && response !== null && !isFollowed(response as ServerResponse)
}

/** Where a server has it. */
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

/** What Node publishes of each request as it begins, before it decides whether to refuse it. */
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
