import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import type { Project } from './project.ts'

/** How a runner is started in the folder of an application, and its output if all tests have passed. */
interface Runner {
  /** The file of the runner and its arguments. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The files of the application, by the name that they have there. */
  readonly files: Readonly<Record<string, string>>
  readonly passed: RegExp
}

const require = createRequire(import.meta.url)
const JEST = [
  join(dirname(require.resolve('jest/package.json')), 'bin/jest.js'),
  ...['--runInBand', '--rootDir', '.', '--watchman=false', '--testTimeout=60000', '--detectOpenHandles'],
]

const RUNNERS: Readonly<Record<string, Runner>> = {
  'Jest, in CommonJS: `resetModules`, `isolateModules` and fake timers': {
    args: JEST,
    files: { 'once.test.cjs': 'jest.test.cjs', 'fake-timers.test.cjs': 'fake-timers.test.cjs' },
    passed: /^Tests: +4 passed, 4 total$/m,
  },
  'Jest, in ES modules: `resetModules` and a mocked prom-client': {
    args: JEST,
    env: { NODE_OPTIONS: '--experimental-vm-modules' },
    files: { 'once.test.mjs': 'jest.test.mjs' },
    passed: /^Tests: +3 passed, 3 total$/m,
  },
  'vitest, in a process for each file and in one thread for all: `resetModules`, a mocked prom-client, fake timers': {
    args: [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', '.'],
    env: { NO_COLOR: '1' },
    files: {
      'vitest.config.mjs': 'vitest.config.mjs',
      'vitest.test.mjs': 'vitest.test.mjs',
      'again.test.mjs': 'vitest.test.mjs',
      'mocked.test.mjs': 'mocked.test.mjs',
    },
    passed: /^ +Tests +10 passed \(10\)$/m,
  },
  'node:test, imported and required, again with an empty cache': {
    args: ['--test', 'once.test.mjs'],
    files: { 'once.test.mjs': 'node.test.mjs' },
    passed: /^. pass 4$/m,
  },
  'node:test by tsx': {
    args: [require.resolve('tsx/cli'), '--test', 'once.test.mts'],
    files: { 'once.test.mts': 'node.test.mjs' },
    passed: /^. pass 4$/m,
  },
  mocha: {
    args: [require.resolve('mocha/bin/mocha.js'), 'once.spec.mjs'],
    files: { 'once.spec.mjs': 'mocha.spec.mjs' },
    passed: /^ +4 passing/m,
  },
}

/** Users test applications with other runners, which load modules in different ways. */
export function runnerTests(project: () => Project): void {
  describe('the tests of an application get no output of promherd, lose no count, and end:', () => {
    const common = { 'package.json': '{ "name": "application" }', 'request.mjs': read('request.mjs') }
    const files: Record<string, string> = { ...common, 'repeated.mjs': read('repeated.mjs') }
    beforeAll(async () => {
      const { transform } = await import('esbuild')
      const { code } = await transform(read('request.mjs'), { format: 'cjs', platform: 'node' })
      files['request.cjs'] = code
    })

    test.each(Object.entries(RUNNERS))('by %s', { timeout: 180_000 }, async (name, runner) => {
      const folder = `runners/${Object.keys(RUNNERS).indexOf(name)}`
      for (const [file, text] of Object.entries(files)) project().write(`${folder}/${file}`, text)
      for (const [file, fixture] of Object.entries(runner.files)) project().write(`${folder}/${file}`, read(fixture))
      const cwd = join(project().folder, folder)
      const env = { NODE_OPTIONS: undefined, ...runner.env }
      const { code, output } = await runProcess(process.execPath, runner.args, { cwd, env })
      expect(output).toMatch(runner.passed)
      expect(output).not.toMatch(/promherd(?!-consumer)|JEST-01|did not exit|open handle|close timed out/i)
      expect(code).toBe(0)
    })
  })
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures/runners', name), 'utf8')
}
