import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

/**
 * The path with which a request came to its server. A function that calls an application may have taken a part of it
 * away before anybody of ours sees it, and then what the application is mounted at cannot be known.
 *
 * Node says of each request that it begins right before it is answered; only the last one is kept, so that a request
 * costs nothing. Of one that waits before it comes to an application, nothing is known.
 */
export function watchArrivals(): void {
  if (isWatching) return
  isWatching = true
  subscribe('http.server.request.start', message => {
    last = (message as { readonly request: IncomingMessage }).request
    lastUrl = last.url
  })
}

/** The path of `request` as it came; undefined where that is not known. */
export function arrivalOf(request: IncomingMessage): string | undefined {
  if (last === request) {
    last = undefined
    return lastUrl
  }
  // Who takes away a part of the path, as connect does, keeps the whole of it there.
  const { originalUrl } = request as { readonly originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : undefined
}

let isWatching = false
let last: IncomingMessage | undefined
let lastUrl: string | undefined
