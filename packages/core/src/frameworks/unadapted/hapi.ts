import type { IncomingMessage, ServerResponse } from 'node:http'
import { replaceMethod } from '../../alike.ts'
import { read } from '../../http/evidence-chain.ts'
import { nameRoute, noteError } from '../../http/follow.ts'
import { isFirstFound, prototypeWith } from './classes.ts'
import type { Framework } from './framework.ts'

/** hapi makes its requests by a function that it looks up anew with each of them. */
export const HAPI: Framework = {
  module: {
    file: /[\\/]@hapi[\\/]hapi[\\/]lib[\\/]request\.js$/,
    listener: /\.generate\([\s\S]*\.cleanStop\b[\s\S]*\._execute\(/,
    hook: hookHapi,
  },
}

/** As much of a request of hapi as is looked at. */
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

/** The template of the route; what hapi answers itself has a method of its own. */
function hapiRouteOf({ raw, route, response }: HapiRequest): string | undefined {
  // The answer that was made of an error remembers it.
  const error = read(response, '_error')
  if (error != null) noteError(raw.res, error)
  return route.method === '_special' ? undefined : route.path
}
