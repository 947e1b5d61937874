import { fastifyRouteOf } from '../../frameworks/fastify.ts'
import { nameRoute, noteError } from '../../http/follow.ts'
import { hearFastify } from '../fastify-channel.ts'
import { routeOf } from '../route.ts'

/** Has the routes of Fastify told from now on. */
export function hookFastify(): void {
  hearFastify({
    arrived: (request, response) => nameRoute(response, routeOf, fastifyRouteOf, request),
    failed: noteError,
  })
}
