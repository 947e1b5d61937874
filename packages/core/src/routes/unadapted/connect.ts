import { connectMountOf, isConnect } from '../connect.ts'
import type { Framework } from '../framework.ts'

/** connect has no routes: the route is the mount path, as on Express. */
export const CONNECT: Framework = {
  serverRouteOf: server =>
    server.listeners('request').some(isConnect) ? request => connectMountOf(request) : undefined,
}
