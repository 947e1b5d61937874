import type { IncomingMessage } from 'node:http'
import { noteError } from '../../http/exchange/followed-exchanges.ts'
import { nameRoute } from '../../http/exchange/route-source.ts'
import { nameUpgrade } from '../../http/exchange/upgrades.ts'
import { fastifyRouteOf } from '../../routes/fastify.ts'
import { setFastifyListener } from './fastify-channel.ts'

/** Takes the routes of Fastify from its hooks from now on. */
export function hookFastify(): void {
  setFastifyListener({
    arrived(request, response) {
      const raw = request.raw as IncomingMessage & { readonly upgrade?: boolean }
      // @fastify/websocket routes upgraded connections like requests.
      if (raw.upgrade === true) nameUpgrade(raw, fastifyRouteOf, request)
      else nameRoute(response, fastifyRouteOf, request)
    },
    failed: noteError,
  })
}
