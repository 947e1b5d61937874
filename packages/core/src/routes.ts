/**
 * How the routes of frameworks are found, for the adapters and the preload. Internal to promherd: no framework is
 * loaded from here.
 */
export { watchArrivals } from './http/watch/arrival.ts'
export {
  createState as keepExpressState,
  observe as observeExpress,
  routeOf as expressRouteOf,
} from './routes/express/observe.ts'
export { prepareRequests as prepareExpress } from './routes/express/prepare-requests.ts'
export { type ExpressApp, type ExpressRequest, type Next, routerOf as expressRouterOf } from './routes/express/types.ts'
export { type FastifyRequest, fastifyRouteOf } from './routes/fastify.ts'
export { type HonoContext, honoMountedAt, honoRouteOf, honoTemplateAt, type MatchedRoute } from './routes/hono.ts'
export { type KoaContext, koaRouteOf, observeKoa } from './routes/koa.ts'
export { watchNest } from './routes/nest.ts'
