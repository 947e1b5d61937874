import type { IncomingMessage } from 'node:http'
import { pathOf } from '../../http/inferred-routes/url-path.ts'
import { BATCH } from '../../http/labels/labels.ts'
import { scopesOfListeners, valuesIn } from '../scopes/listener-scopes.ts'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * The standalone server of tRPC, versions 10 and 11. Its listener has the router in its scope; a route is the path of a
 * procedure of the router. Requests that call several procedures are one route, `_batch`: each combination has its own
 * URL.
 */
export const TRPC: UnadaptedFramework = {
  serverRouteOf(server) {
    const scopes = scopesOfListeners(server, LISTENER)
    const [options] = valuesIn(scopes, isOptions)
    if (options === undefined) return undefined
    // Version 11 stores it without its slashes.
    const base = scopes.map(({ basePath }) => basePath).find(isString) ?? trimmed(options.basePath ?? '')
    return request => routeOf(options, base, request)
  },
}

/**
 * In all versions, also minified, the listener creates an object from its options, the request, the response and the
 * path.
 */
const LISTENER = /\breq(?::\s*[\w$]+)?,\s*res(?::\s*[\w$]+)?,\s*path\b/

interface Options {
  readonly router: { readonly _def: Definition }
  readonly basePath?: string
  readonly allowMethodOverride?: boolean
}

interface Definition {
  readonly procedures: Readonly<Record<string, Procedure>>
  readonly _config?: { readonly pathSeparator?: string }
}

/** Its kind is the value of `type` in version 11, and the name of a property that is true in version 10. */
interface Procedure {
  readonly _def?: { readonly type?: string; readonly mutation?: boolean }
}

function isOptions(value: unknown): value is Options {
  const { router } = (value ?? {}) as Partial<Options>
  return typeof router?._def === 'object' && typeof router._def?.procedures === 'object'
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function routeOf(options: Options, base: string, request: IncomingMessage): string | undefined {
  const { method, url = '' } = request
  if (method !== 'GET' && method !== 'POST' && method !== 'HEAD') return undefined
  const called = decoded(trimmed(trimmed(pathOf(url)).slice(base.length)))
  const paths = isBatch(url) ? called.split(',') : [called]
  let route: string | undefined
  for (const path of paths) {
    const found = templateOf(options, base, path, method)
    if (found === undefined || found === route) continue
    if (route !== undefined) return BATCH
    route = found
  }
  return route
}

/** The path of a procedure as the router has it; undefined if no procedure can be called by this method. */
function templateOf(
  { router: { _def }, allowMethodOverride }: Options,
  base: string,
  path: string,
  method: string,
): string | undefined {
  const separator = _def._config?.pathSeparator ?? '.'
  const name = separator === '.' ? path : path.split(separator).join('.')
  const procedure = Object.hasOwn(_def.procedures, name) ? _def.procedures[name] : undefined
  if (procedure === undefined) return undefined
  const { type, mutation } = procedure._def ?? {}
  const isMutation = type === 'mutation' || mutation === true
  if (isMutation !== (method === 'POST') && !(allowMethodOverride === true && method === 'POST')) return undefined
  return `${base === '' ? '' : `/${base}`}/${name.replaceAll('.', separator)}`
}

function isBatch(url: string): boolean {
  return /[?&]batch=1(?:&|$)/.test(url)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Without a leading and a trailing slash. */
function trimmed(path: string): string {
  return path.slice(path.startsWith('/') ? 1 : 0, path.endsWith('/') && path.length > 1 ? -1 : undefined)
}
