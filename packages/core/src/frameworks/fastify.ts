/** As much of Fastify's request as is looked at. */
export interface FastifyRequest {
  readonly raw: object
  readonly routeOptions: { readonly url?: string | undefined }
}

/** The template of the route; Fastify's own routes for what nothing serves have none. */
export function fastifyRouteOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url
}
