import diagnostics from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Store } from '../store/store.ts'
import { TIMED_OUT } from './failure.ts'
import { doom } from './follow.ts'
import { dropped, malformed, started } from './protocol.ts'

/**
 * Sees what happens to a server besides requests: those that Node refuses itself, upgrades, and deadlines.
 *
 * A listener of ours for any of these events would change what the server does (Node answers a malformed request only
 * where nobody listens for `clientError`), so none is added: `emit` of this one server is wrapped, and answers what it
 * answered before. Requests that Node answers without an event come by a diagnostics channel.
 */

/** A server of node:http, node:https or node:http2: whatever emits `request` with a request and its response. */
export type RequestServer = EventEmitter

/** Who is told. Must not throw. */
export interface ServerWatcher {
  readonly store: Store
  /** A request that Node refused with `statusCode`; its method where that could be read. */
  refused(method: string | undefined, statusCode: number): void
  /** A request with `Expect`, which those who listen for such get instead of `request`. */
  expecting(request: IncomingMessage, response: ServerResponse): void
  /** A connection that leaves HTTP, told before those who take it. */
  upgraded(request: IncomingMessage, socket: Duplex): void
}

/** Has `watcher` told of `server`, once for each store however often it is asked. Answers how to stop. */
export function watchServer(server: RequestServer, watcher: ServerWatcher): () => void {
  const { watchers, listeners, stop } = watchOf(server)
  if (watchers.some(({ store }) => store === watcher.store)) return () => {}
  watchers.push(watcher)
  return () => {
    const index = watchers.indexOf(watcher)
    if (index >= 0) watchers.splice(index, 1)
    if (watchers.length === 0 && listeners.length === 0) stop()
  }
}

/** Hears of a request before those who answer it. Must not throw. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/** Has `listener` told of each request of `server` from now on, whoever answers it. Answers how to stop. */
export function seeRequests(server: RequestServer, listener: RequestListener): () => void {
  const { listeners } = watchOf(server)
  listeners.push(listener)
  return () => void listeners.splice(listeners.indexOf(listener), 1)
}

interface Watch {
  readonly watchers: ServerWatcher[]
  readonly listeners: RequestListener[]
  readonly stop: () => void
}

// Of this copy of the package alone, as the exchanges that it follows.
const WATCH = Symbol('promherd.server')
type Watched = RequestServer & { [WATCH]?: Watch }

function watchOf(server: Watched): Watch {
  const known = server[WATCH]
  if (known !== undefined) return known
  const watchers: ServerWatcher[] = []
  const listeners: RequestListener[] = []
  const watch = { watchers, listeners, stop: wrapEmit(server, watchers, listeners) }
  Object.defineProperty(server, WATCH, { value: watch, configurable: true })
  listen()
  return watch
}

type Event = readonly [name: string | symbol, ...unknown[]]

function wrapEmit(
  server: Watched,
  watchers: readonly ServerWatcher[],
  listeners: readonly RequestListener[],
): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const { emit } = server
  function promherdEmit(this: Watched, ...event: Event): boolean {
    if (event[0] === 'request') {
      for (let i = 0; i < listeners.length; i++) listeners[i]!(event[1] as IncomingMessage, event[2] as ServerResponse)
      // Written out, since it comes with each request: to apply an array took twice as long.
      if (event.length === 3) return emit.call(this, 'request', event[1], event[2])
    } else observe(watchers, event)
    return Reflect.apply(emit, this, event)
  }
  Object.defineProperty(server, 'emit', { value: promherdEmit, writable: true, configurable: true })
  return () => {
    // Somebody who wrapped it after us still calls ours, which then has nobody to tell.
    if (server.emit !== promherdEmit) return
    if (own === undefined) Reflect.deleteProperty(server, 'emit')
    else Object.defineProperty(server, 'emit', own)
    Reflect.deleteProperty(server, WATCH)
  }
}

function observe(watchers: readonly ServerWatcher[], [name, first, second]: Event): void {
  try {
    if (name === 'clientError') malformed(watchers, first, second as Duplex)
    else if (name === 'dropRequest') dropped(watchers, first as IncomingMessage)
    else if (name === 'timeout') doom(first as EventEmitter, TIMED_OUT)
    else if (name === 'checkContinue' || name === 'checkExpectation') {
      for (const watcher of watchers) watcher.expecting(first as IncomingMessage, second as ServerResponse)
    } else if (name === 'upgrade' || name === 'connect') {
      for (const watcher of watchers) watcher.upgraded(first as IncomingMessage, second as Duplex)
    }
  } catch (error) {
    fault(watchers, error)
  }
}

/** What Node says of each request as it begins, before it decides whether to refuse it. */
interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: Watched
}

let isListening = false

function listen(): void {
  if (isListening) return
  isListening = true
  diagnostics.subscribe('http.server.request.start', message => {
    const { request, response, server } = message as Started
    const watch = server[WATCH]
    if (watch === undefined) return
    try {
      started(watch.watchers, server, request, response)
    } catch (error) {
      fault(watch.watchers, error)
    }
  })
}

function fault(watchers: readonly ServerWatcher[], error: unknown): void {
  for (const { store } of watchers) store.trouble('http', `a server could not be watched: ${String(error)}`)
}
