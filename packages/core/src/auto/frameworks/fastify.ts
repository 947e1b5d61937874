import { fastifyRouteOf } from '../../frameworks/fastify.ts'
import { nameRoute, noteError } from '../../http/follow.ts'
import { hearFastify } from '../fastify-channel.ts'

/** Has the routes of Fastify told from now on. */
export function hookFastify(): void {
  hearFastify({
    arrived: (request, response) => nameRoute(response, fastifyRouteOf, request),
    failed: noteError,
  })
}
