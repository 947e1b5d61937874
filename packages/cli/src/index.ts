export { defineConfig, type PromherdConfig } from '@promherd/core/config'
