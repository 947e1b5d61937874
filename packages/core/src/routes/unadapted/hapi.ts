import type { IncomingMessage, ServerResponse } from 'node:http'
import { replaceMethod } from '../../base/appearance.ts'
import { read } from '../../http/category/error-chain.ts'
import { noteError } from '../../http/exchange/followed-exchanges.ts'
import { nameRoute } from '../../http/exchange/route-source.ts'
import { isFirstFound, prototypeWith } from '../prototypes.ts'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/** hapi creates its requests with a function that it looks up again for each of them. */
export const HAPI: UnadaptedFramework = {
  module: {
    file: /[\\/]@hapi[\\/]hapi[\\/]lib[\\/]request\.js$/,
    listener: /\.generate\([\s\S]*\.cleanStop\b[\s\S]*\._execute\(/,
    hook: hookHapi,
  },
}

/** The part of a hapi request that is used here. */
interface HapiRequest {
  readonly raw: { readonly res: ServerResponse }
  readonly route: { readonly method: string; readonly path: string }
  readonly response: unknown
}

type Generate = (
  this: unknown,
  server: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  options: unknown,
) => HapiRequest

function hookHapi(exports: unknown): void {
  const prototype = prototypeWith<{ constructor: { generate?: Generate } }>(exports, '_execute', 'setUrl')
  const requests = prototype?.constructor
  if (prototype === undefined || !isFirstFound(prototype)) return
  replaceMethod(requests, 'generate', generate => {
    const { observed } = {
      observed(this: unknown, ...parts: Parameters<Generate>) {
        const made = generate.apply(this, parts)
        nameRoute(parts[2], hapiRouteOf, made)
        return made
      },
    }
    return observed
  })
}

/** The template of the route; responses that hapi sends itself have a method of their own. */
function hapiRouteOf({ raw, route, response }: HapiRequest): string | undefined {
  // A response that was created from an error keeps the error.
  const error = read(response, '_error')
  if (error != null) noteError(raw.res, error)
  return route.method === '_special' ? undefined : route.path
}
