export { defineConfig, type PromherdConfig } from './config.ts'
export { loadProcessConfig, type ProcessConfig } from './process-config.ts'
export { type ResolvedConfig, type ResolveOptions, resolveConfig, type Setting } from './resolve.ts'
export type { Said, SourceKind } from './said.ts'
