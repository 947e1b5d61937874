import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // What is tested is what would be published, of the sources as they are now.
    globalSetup: ['scripts/bundle.mjs'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Real processes under load on two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
  },
})
