import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ExpressApp, ExpressRequest } from './types.ts'

/**
 * Returns a function that must be called with each request before Express. It creates the properties that Express will
 * set, if `app` is the only listener of the server: no other code may see these properties before Express sets them.
 */
export function propertyPredefiner(
  server: EventEmitter,
  app: ExpressApp,
): (request: ExpressRequest, response: ServerResponse) => void {
  const isPossible = canPredefine(app)
  return (request, response) => {
    // Node stores one listener as a function, several in an array: its public methods create a new array each time.
    if (isPossible && (server as { _events?: { request?: unknown } })._events?.request === app)
      predefine(request, response)
  }
}

/**
 * Creates the properties that Express will add, in the same order and with the value undefined.
 *
 * Express changes the prototype of each request and response. V8 shares no hidden class among objects whose prototype
 * was changed, so each property that is added after that creates a new hidden class: 2 µs and garbage, six times a
 * request. Express sets these properties before any handler runs, and treats them as absent until then.
 */
function predefine(request: ExpressRequest, response: ServerResponse): void {
  const fields = request as RequestFields
  const { next, baseUrl, originalUrl, _parsedUrl, params } = fields
  fields.res = response
  fields.next = next
  fields.baseUrl = baseUrl
  fields.originalUrl = originalUrl
  fields._parsedUrl = _parsedUrl
  fields.params = params
  const { locals } = response as ResponseFields
  ;(response as ResponseFields).locals = locals
}

/**
 * False if one of these properties was added to the prototype of all requests, which must not be hidden; and on Express
 * 4, which creates them in another order and most of them before it changes the prototypes.
 */
function canPredefine(app: ExpressApp): boolean {
  return app._router === undefined && !REQUEST_FIELDS.some(name => name in app.request) && !('locals' in app.response)
}

const REQUEST_FIELDS: readonly (keyof RequestFields)[] = [
  'res',
  'next',
  'baseUrl',
  'originalUrl',
  '_parsedUrl',
  'params',
]

/** Properties that Express, and its URL parser, set on a request. */
interface RequestFields {
  res?: ServerResponse | undefined
  next?: unknown
  baseUrl?: unknown
  originalUrl?: unknown
  _parsedUrl?: unknown
  params?: unknown
}

interface ResponseFields extends ServerResponse {
  locals?: unknown
}
