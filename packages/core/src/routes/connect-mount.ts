import type { IncomingMessage } from 'node:http'
import type { RequestServer } from '../http/watch/watch-server.ts'
import { ANYWHERE } from './template.ts'

/**
 * connect removes the mount path of a function from the URL while the function handles the request, and keeps the whole
 * URL in another property. Its stack contains the mount paths as the program wrote them.
 */
interface ConnectApp {
  readonly stack: readonly { readonly route: string; readonly handle: unknown }[]
}

/** True for an application of connect. An Express application has its stack in its router. */
export function isConnect(value: unknown): value is ConnectApp {
  if (typeof value !== 'function') return false
  const { stack, route, handle } = value as Partial<ConnectApp> & {
    readonly route?: unknown
    readonly handle?: unknown
  }
  return Array.isArray(stack) && typeof route === 'string' && typeof handle === 'function'
}

/**
 * The mount path of the layer that serves the request, of the connect application that is a listener of the request's
 * server. `url` is the rest of the URL. Undefined if no connect application listens, or nothing was removed from the
 * URL.
 */
export function connectMountOf(request: IncomingMessage, url: string = request.url ?? ''): string | undefined {
  const server = (request.socket as { readonly server?: RequestServer } | null)?.server
  const app = (server?.listeners('request') as unknown[] | undefined)?.find(isConnect)
  const { originalUrl } = request as { readonly originalUrl?: string }
  const removed = app === undefined || originalUrl === undefined ? '' : removedFrom(originalUrl, url)
  return removed === '' ? undefined : mountAt(app!, removed)
}

/** The part that was removed from `whole`. If that is the whole path, `rest` is a slash and the query. */
function removedFrom(whole: string, rest: string): string {
  if (whole.length >= rest.length && whole.endsWith(rest)) return whole.slice(0, whole.length - rest.length)
  return rest.startsWith('/') && whole.endsWith(rest.slice(1)) ? whole.slice(0, whole.length - rest.length + 1) : ''
}

/** The path of the layer that removed the part. If one of its functions removed more, that part is unknown: /*. */
function mountAt({ stack }: ConnectApp, removed: string): string | undefined {
  const path = removed.toLowerCase()
  const layer = stack.find(({ route }) => route.toLowerCase() === path)
  if (layer !== undefined) return layer.route
  const parent = stack.find(({ route }) => route !== '' && path.startsWith(`${route.toLowerCase()}/`))
  return parent === undefined ? undefined : parent.route + ANYWHERE
}
