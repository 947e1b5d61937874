export type { Forwarding } from '@promherd/core/forward'
export { type ForwardOptions, forward } from './forward.ts'
export { type GroupOptions, serveGroup } from './serve-group.ts'
export type { ClusterTarget, RedisTarget } from './target.ts'
