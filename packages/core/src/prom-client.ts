export type { PromClientOption, PromRegistry } from './clients/registry.ts'
export { type ExposableRegistry, type ExposeOptions, exposeHerd } from './monitor/expose-prom-client.ts'
