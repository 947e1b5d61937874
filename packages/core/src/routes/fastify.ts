/** The part of Fastify's request that is used here. */
export interface FastifyRequest {
  readonly raw: object
  readonly routeOptions: { readonly url?: string | undefined }
}

/** The template of the route; undefined for Fastify's own handlers for requests that match no route. */
export function fastifyRouteOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url
}
