export type { Forwarding } from '@promherd/core/forward'
export type { ClusterTarget, RedisTarget } from './connection/target.ts'
export { type ForwardOptions, forward } from './forward.ts'
export { type GroupOptions, serveGroup } from './serve-group.ts'
