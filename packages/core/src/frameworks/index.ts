/**
 * How the routes of frameworks are found, for the adapters and the preload. Internal to promherd: no framework is
 * loaded from here.
 */
export { watchArrivals } from '../http/arrival.ts'
export {
  keepStateOf as keepExpressState,
  observe as observeExpress,
  routeOf as expressRouteOf,
} from './express/observe.ts'
export { prepare as prepareExpress } from './express/prepare.ts'
export { type ExpressApp, type ExpressRequest, type Next, routerOf as expressRouterOf } from './express/types.ts'
export { type FastifyRequest, fastifyRouteOf } from './fastify.ts'
export { type HonoContext, honoMountedAt, honoRouteOf, honoTemplateAt, type MatchedRoute } from './hono.ts'
export { type KoaContext, koaRouteOf, observeKoa } from './koa.ts'
export { watchNest } from './nest.ts'
