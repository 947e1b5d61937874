import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

/**
 * Remembers the path with which a request arrived at its server. A function that calls an application may remove a
 * prefix of the path before promherd's code runs; the mount path of the application cannot be determined then.
 *
 * Node publishes an event for each request right before it is handled. Only the last request is kept, so that a request
 * costs nothing. If a request waits before it reaches an application, its original path is unknown.
 */
export function watchArrivals(): void {
  if (isWatching) return
  isWatching = true
  subscribe('http.server.request.start', message => {
    last = (message as { readonly request: IncomingMessage }).request
    lastUrl = last.url
  })
}

/** The path of `request` as it arrived; undefined if it is not known. */
export function arrivalOf(request: IncomingMessage): string | undefined {
  if (last === request) {
    last = undefined
    return lastUrl
  }
  // Frameworks that remove a prefix of the path, such as connect, keep the whole URL in this property.
  const { originalUrl } = request as { readonly originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : undefined
}

let isWatching = false
let last: IncomingMessage | undefined
let lastUrl: string | undefined
