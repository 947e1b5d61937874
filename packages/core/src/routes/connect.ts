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
  const taken = app === undefined || originalUrl === undefined ? '' : takenFrom(originalUrl, url)
  return taken === '' ? undefined : mountAt(app!, taken)
}

/** If the whole path was removed, the rest is a slash, followed by the query if there is one. */
function takenFrom(whole: string, rest: string): string {
  if (whole.length >= rest.length && whole.endsWith(rest)) return whole.slice(0, whole.length - rest.length)
  return rest.startsWith('/') && whole.endsWith(rest.slice(1)) ? whole.slice(0, whole.length - rest.length + 1) : ''
}

/** The path of the layer. If one of its functions removed more, that part cannot be known: /*. */
function mountAt({ stack }: ConnectApp, taken: string): string | undefined {
  const path = taken.toLowerCase()
  const whole = stack.find(({ route }) => route.toLowerCase() === path)
  if (whole !== undefined) return whole.route
  const part = stack.find(({ route }) => route !== '' && path.startsWith(`${route.toLowerCase()}/`))
  return part === undefined ? undefined : part.route + ANYWHERE
}
