import { connectMountOf, isConnect } from '../connect-mount.ts'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/** connect has no routes: the route is the mount path, as on Express. */
export const CONNECT: UnadaptedFramework = {
  serverRouteOf: server =>
    server.listeners('request').some(isConnect) ? request => connectMountOf(request) : undefined,
}
