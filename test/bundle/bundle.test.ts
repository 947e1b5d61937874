import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'

const PACKAGES = readdirSync(join(ROOT, 'packages'))

async function printedBy(fixture: string, args: readonly string[] = []): Promise<unknown> {
  const env = { PROMETHEUS_MULTIPROC_DIR: undefined, PROMETHEUS_METRICS_PORT: '0' }
  const { output } = await runProcess(process.execPath, [join(import.meta.dirname, 'fixtures', fixture), ...args], {
    env,
  })
  return JSON.parse(output)
}

describe('shared state exists once in a process:', () => {
  test.each(PACKAGES.flatMap(name => [[name, 'ESM', '.js'] as const, [name, 'CommonJS', '.cjs'] as const]))(
    'each source of %s is in one file of %s',
    (name, _kind, ending) => {
      const folder = join(ROOT, 'packages', name, 'bundle')
      const maps = readdirSync(folder).filter(file => file.endsWith(`${ending}.map`))
      const sources = maps.flatMap(
        map => (JSON.parse(readFileSync(join(folder, map), 'utf8')) as { sources: string[] }).sources,
      )
      expect(sources.length > 0 || maps.length === 0).toBe(true)
      expect(sources.filter((source, i) => sources.indexOf(source) !== i)).toEqual([])
    },
  )

  test('each file is read once, whichever entries are imported, and with any name', async () => {
    const folder = join(ROOT, 'packages/core/bundle')
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'packages/core/package.json'), 'utf8')) as {
      exports: Record<string, unknown>
    }
    const entries = Object.keys(exports).filter(name => name !== './package.json')
    // The one for bundlers is instead of another.
    const files = readdirSync(folder).filter(file => file.endsWith('.js') && file !== 'auto-bundled.js')
    const loaded = await printedBy('loaded.mjs', [
      ...entries.map(entry => entry.replace('.', '@promherd/core')),
      ...files.map(file => join(folder, file)),
    ])
    expect(loaded).toEqual(files.map(file => `core/bundle/${file}`).sort())
  })

  test('a request that all entries see is counted once, and what one counts another shows', async () => {
    expect(await printedBy('measured-by-all.mjs')).toEqual({
      requests: ['1'],
      jobs: [['1'], ['1']],
    })
  })
})

describe('Node reads few files of ours, imported or required:', () => {
  const core = (...names: string[]): string[] => names.map(name => `core/bundle/${name}.js`)

  test.each<[name: string, files: string[]]>([
    ['@promherd/express', [...core('adapter', 'base', 'core', 'routes'), 'express/bundle/index.js']],
    ['@promherd/fastify', [...core('adapter', 'base', 'core', 'routes'), 'fastify/bundle/index.js']],
    ['@promherd/koa', [...core('adapter', 'base', 'core', 'routes'), 'koa/bundle/index.js']],
    ['@promherd/hono', [...core('adapter', 'base', 'core', 'routes'), 'hono/bundle/index.js']],
    ['@promherd/core', core('base', 'core', 'index')],
    ['@promherd/core/auto', core('auto', 'base')],
  ])('%s', async (name, files) => {
    expect(await printedBy('loaded.mjs', [name])).toEqual(files)
    const required = [...files, ...core('rolldown-runtime')].map(file => file.replace(/\.js$/, '.cjs')).sort()
    expect(await printedBy('required.cjs', [name])).toEqual(required)
  })
})

test('a stack names the lines of the sources, and their functions', async () => {
  const code = `import { createMonitor } from '@promherd/core'
    try { createMonitor({ slap: 'memory' }) } catch (error) { console.log(error.stack) }`
  const args = ['--enable-source-maps', '--input-type=module', '-e', code]
  const { output } = await runProcess(process.execPath, args, { cwd: join(ROOT, 'test') })
  const frames = [...output.matchAll(/at (\w+) \(.*?(packages\/core\/src\/[\w/-]+\.ts):(\d+):\d+\)/g)]
  const lines = frames.map(([, name, file, line]) => [
    name,
    readFileSync(join(ROOT, file!), 'utf8').split('\n')[+line! - 1],
  ])
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.map(([name]) => name).at(-1)).toBe('createMonitor')
  // Each frame but the innermost is where the function of the one before is called.
  for (const [i, [, text]] of lines.entries()) if (i > 0) expect(text).toContain(`${lines[i - 1]![0]}(`)
})
