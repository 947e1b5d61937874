import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ExpressApp, ExpressRequest } from './types.ts'

/**
 * Shapes the requests of a server on which nothing else than `app` listens for them: until Express has set what is made
 * here, nothing else is to see a request. Returns what is called with each before Express is.
 */
export function shaping(
  server: EventEmitter,
  app: ExpressApp,
): (request: ExpressRequest, response: ServerResponse) => void {
  const isShaped = canShape(app)
  return (request, response) => {
    // A single listener is kept as it is, several in a list: the public methods make a list of either each time.
    if (isShaped && (server as { _events?: { request?: unknown } })._events?.request === app) shape(request, response)
  }
}

/**
 * Makes the properties that Express is about to add, in its order and empty, while that is cheap.
 *
 * Express gives each request and response another prototype. V8 shares no hidden class among objects whose prototype
 * was changed, so each property that is added after that costs a class of its own: 2 µs and its garbage, six times a
 * request. What is here is set by Express before any handler runs, and read by it as nothing until then.
 */
function shape(request: ExpressRequest, response: ServerResponse): void {
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
 * False where somebody has given all requests one of these properties, which must not be hidden; and on Express 4,
 * which makes them in another order and most of them before it changes the prototypes.
 */
function canShape(app: ExpressApp): boolean {
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

/** What Express, and the parser of URLs that it uses, keep on a request. */
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
