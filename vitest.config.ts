import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Node reads these certificates whenever it starts, which takes a third of the CPU time of a small program. No test needs
// them: none connects to a server outside of this machine.
delete process.env['NODE_EXTRA_CA_CERTS']

const CONTRACT = ['test/contract/**/*.test.ts', 'test/options/**/*.test.ts']
const UNITS = ['packages/*/src/**/*.test.ts']
/** Reads the heap of its process, which others must not have used. */
const ALONE = ['packages/core/src/runtime/runtime.test.ts']
// What these test runs in processes of its own, so their own process has no state of it.
const PROCESSES = [
  'test/{auto,benchmarks,bundle,cli,cluster,consumers,end,integration,matrix,programs,streams}/**/*.test.ts',
  'test/docs/{generated,layers,prometheus,readme,types,words}.test.ts',
  'test/faults/{braid,room,second-user,vanishing}.test.ts',
  'test/prom-client/{herd,successor}.test.ts',
  'test/redis/{command,example}.test.ts',
  'test/security/abandoned.test.ts',
  'test/threads/{changes,deaths,example,leftovers,ports,serving,terminations}.test.ts',
]

// The harness of the preload takes parts of core that are not exported, and what those keep in mind is in one copy only.
const DIST = fileURLToPath(new URL('packages/core/dist', import.meta.url))
const unbundled = [
  { find: /^@promherd\/core$/, replacement: `${DIST}/index.js` },
  { find: /^@promherd\/core\/adapter$/, replacement: `${DIST}/adapter.js` },
  { find: /^@promherd\/core\/routes$/, replacement: `${DIST}/routes.js` },
]

// Node loads these faster than vitest does, which transforms each file and sends it to each process of a test. In the
// contract vitest loads the bundles, whose imports of core the alias changes.
const COMPILED = /\/packages\/core\/dist\//
const BUILT = /\/packages\/\w+\/(bundle|dist)\//

/**
 * Files that take long come first, so that none of them is left alone at the end. The files of a project follow each other:
 * vitest ends a process that files share where the next file in the queue is of another project.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const index = LONGEST.findIndex(part => moduleId.includes(part))
      return PROJECTS.indexOf(project.name) * 1_000 + (index < 0 ? LONGEST.length : index)
    }
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}

const PROJECTS = ['processes', 'contract', 'all else', 'units']

const LONGEST = [
  ...['/consumers/', '/faults/braid', '/programs/with-and-without', '/end/changes', '/cluster/deaths', '/docs/readme'],
  ...['/faults/', '/threads/terminations', '/matrix/cluster', '/end/load', '/cli/start', '/integration/', '/auto/'],
  ...['/contract/flood', '/contract/looks', '/contract/outcomes', '/matrix/', '/threads/', '/cluster/', '/benchmarks/'],
]

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        resolve: { alias: unbundled },
        test: {
          name: 'contract',
          include: CONTRACT,
          server: { deps: { external: [COMPILED] } },
        },
      },
      {
        extends: true,
        test: { name: 'processes', include: PROCESSES, isolate: false, server: { deps: { external: [BUILT] } } },
      },
      {
        extends: true,
        test: {
          name: 'all else',
          include: ['test/**/*.test.ts', ...ALONE],
          exclude: [...configDefaults.exclude, ...CONTRACT, ...PROCESSES],
          server: { deps: { external: [BUILT] } },
        },
      },
      // A process and its imports take longer than most of these tests do, which keep no state in modules.
      {
        extends: true,
        test: {
          name: 'units',
          include: UNITS,
          exclude: [...configDefaults.exclude, ...ALONE],
          isolate: false,
          server: { deps: { external: [BUILT] } },
        },
      },
    ],
    // What is tested is what would be published, of the sources as they are now.
    globalSetup: ['scripts/bundle.mjs'],
    // Bounds of a failure, not of a pass: on a busy machine a process takes seconds to start.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    // One more than the cores that the tests are meant for: some of the files wait most of their time. With two more, tests
    // of what happens within a time failed.
    maxWorkers: 3,
  },
})
