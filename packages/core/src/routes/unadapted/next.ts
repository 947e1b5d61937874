import type { IncomingMessage } from 'node:http'
import { OTHER_FRAMEWORK, type UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * Next.js stores the result of its router on a request: the page or the route that matched, and the file that was
 * chosen for it. A page that responds with 404 itself is rendered as the not-found page, but it was the chosen one.
 */
export const NEXT: UnadaptedFramework = {
  routeOf(request) {
    const meta = (request as NextRequest)[META]
    if (meta === undefined) return OTHER_FRAMEWORK
    const { match, invokeOutput } = meta
    const found = match?.definition?.filename ? match.definition.pathname : undefined
    const route = isPage(found) ? found : invokeOutput
    return isPage(route) ? route : undefined
  },
}

const META = Symbol.for('NextInternalRequestMeta')

interface NextRequest extends IncomingMessage {
  readonly [META]?: {
    readonly match?: { readonly definition?: { readonly pathname?: unknown; readonly filename?: string } }
    readonly invokeOutput?: unknown
  }
}

function isPage(path: unknown): path is string {
  return typeof path === 'string' && !ERROR_PAGES.has(path)
}

const ERROR_PAGES: ReadonlySet<string> = new Set(['/404', '/500', '/_error', '/_not-found', '/_global-error'])
