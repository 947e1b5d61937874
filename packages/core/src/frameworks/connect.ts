import type { IncomingMessage } from 'node:http'
import type { RequestServer } from '../http/watch-server.ts'
import { ANYWHERE } from './template.ts'

/**
 * connect takes from the URL what a function is mounted at, for as long as the function has the request, and leaves the
 * whole URL beside it. Its stack has what that is called in the program.
 */
interface ConnectApp {
  readonly stack: readonly { readonly route: string; readonly handle: unknown }[]
}

/** True for an application of connect. One of Express has its stack in its router. */
export function isConnect(value: unknown): value is ConnectApp {
  if (typeof value !== 'function') return false
  const { stack, route, handle } = value as Partial<ConnectApp> & {
    readonly route?: unknown
    readonly handle?: unknown
  }
  return Array.isArray(stack) && typeof route === 'string' && typeof handle === 'function'
}

/**
 * What the application of connect that listens to the server of this request has mounted where only `url` is left:
 * undefined where none listens, or nothing was taken from the URL.
 */
export function connectMountOf(request: IncomingMessage, url: string = request.url ?? ''): string | undefined {
  const server = (request.socket as { readonly server?: RequestServer } | null)?.server
  const app = (server?.listeners('request') as unknown[] | undefined)?.find(isConnect)
  const { originalUrl } = request as { readonly originalUrl?: string }
  const taken = app === undefined || originalUrl === undefined ? '' : takenFrom(originalUrl, url)
  return taken === '' ? undefined : mountAt(app!, taken)
}

/** A URL that was taken whole becomes a slash, before its query if there is one. */
function takenFrom(whole: string, rest: string): string {
  if (whole.length >= rest.length && whole.endsWith(rest)) return whole.slice(0, whole.length - rest.length)
  return rest.startsWith('/') && whole.endsWith(rest.slice(1)) ? whole.slice(0, whole.length - rest.length + 1) : ''
}

/** The path of the layer. What one of its functions has taken away besides cannot be known: /*. */
function mountAt({ stack }: ConnectApp, taken: string): string | undefined {
  const path = taken.toLowerCase()
  const whole = stack.find(({ route }) => route.toLowerCase() === path)
  if (whole !== undefined) return whole.route
  const part = stack.find(({ route }) => route !== '' && path.startsWith(`${route.toLowerCase()}/`))
  return part === undefined ? undefined : part.route + ANYWHERE
}
