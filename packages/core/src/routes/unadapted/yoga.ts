import type { IncomingMessage } from 'node:http'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/** GraphQL Yoga is itself the listener of its server, and has a property with its endpoint. */
export const YOGA: UnadaptedFramework = {
  serverRouteOf(server) {
    const yogas = server.listeners('request') as readonly Partial<Yoga>[]
    const endpoint = yogas.find(isYoga)?.graphqlEndpoint
    return endpoint === undefined ? undefined : request => (isAt(endpoint, request) ? endpoint : undefined)
  },
}

interface Yoga {
  readonly graphqlEndpoint: string
  readonly getEnveloped: unknown
}

function isYoga(listener: Partial<Yoga>): listener is Yoga {
  return typeof listener.graphqlEndpoint === 'string' && typeof listener.getEnveloped === 'function'
}

/** An endpoint may be a pattern: then only the part before its first parameter is compared. */
function isAt(endpoint: string, { url = '' }: IncomingMessage): boolean {
  const special = endpoint.search(/[:*{(]/)
  if (special >= 0) return url.startsWith(endpoint.slice(0, special))
  const end = url.search(/[?#]/)
  return (end < 0 ? url : url.slice(0, end)) === endpoint
}
