import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions, isAnything, isFunction } from '../options.ts'
import { type AdapterOptions, monitorOf } from './adapter.ts'
import { HTTP_SHAPE, unknownRoute } from './recorder.ts'

/** What `instrumentServer` takes. */
export type ServerOptions = AdapterOptions & {
  /**
   * Answers the route template of a request, or undefined where there is none: `_unmatched`, or `_middleware` where the
   * status says that something answered. Called when the response has closed, and never the place to answer with the
   * path. @default every route is `_unknown`: a bare server has none
   */
  readonly route?: ((request: IncomingMessage) => string | undefined) | undefined
}

/** A server of node:http, node:https or node:http2: whatever emits `request` with a request and its response. */
export type RequestServer = EventEmitter

/**
 * Records what a server answers, whatever answers it; an adapter inside only adds the routes. Returns what undoes it.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function instrumentServer(server: RequestServer, options: ServerOptions = {}): () => void {
  checkOptions('instrumentServer', options, { ...HTTP_SHAPE, route: ROUTE, monitor: isAnything })
  const { monitor, route = unknownRoute, ...http } = options
  const recorder = monitorOf(monitor).http(http)
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    recorder.follow(request, response, route, request)
  // A listener where there was none would make HTTP/2 take its streams for requests, so ours waits for the first.
  const onNewListener = (event: string): void => {
    if (event !== 'request') return
    server.off('newListener', onNewListener)
    server.prependListener('request', onRequest)
  }
  if (server.listenerCount('request') > 0) server.prependListener('request', onRequest)
  else server.on('newListener', onNewListener)
  return () => {
    server.off('newListener', onNewListener)
    server.off('request', onRequest)
  }
}

const ROUTE = isFunction('Give a function that takes the request and answers the template of its route.')
