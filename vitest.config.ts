import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const CONTRACT = ['test/contract/**/*.test.ts', 'test/options/**/*.test.ts']

// The harness of the preload takes parts of core that are not exported, and what those keep in mind is in one copy only.
const DIST = fileURLToPath(new URL('packages/core/dist', import.meta.url))
const unbundled = [
  { find: /^@promherd\/core$/, replacement: `${DIST}/index.js` },
  { find: /^@promherd\/core\/frameworks$/, replacement: `${DIST}/frameworks/index.js` },
]

export default defineConfig({
  test: {
    projects: [
      { extends: true, resolve: { alias: unbundled }, test: { name: 'contract', include: CONTRACT } },
      {
        extends: true,
        test: {
          name: 'all else',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...CONTRACT],
        },
      },
    ],
    // What is tested is what would be published, of the sources as they are now.
    globalSetup: ['scripts/bundle.mjs'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Real processes under load on two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
  },
})
