export { type ExposableRegistry, type ExposeOptions, exposeHerd } from './expose.ts'
export type { PromClientOption, PromRegistry } from './registry.ts'
