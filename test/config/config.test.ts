import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EffectiveSetting, resolveConfig } from '@promherd/core/config'
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { settingsOf } from '../../packages/core/dist/config/sources.js'
import { ROOT, runProcess } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'

const VARIABLES = ['WEB_CONCURRENCY', 'GUNICORN_WORKERS', 'PROMETHEUS_METRICS_PORT', 'PROMHERD_CONFIG'] as const

afterEach(() => {
  for (const name of VARIABLES) delete process.env[name]
})

/** A directory with these files. */
function directoryWith(files: Readonly<Record<string, string>>): string {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

async function setting(key: string, where: Parameters<typeof resolveConfig>[0]): Promise<EffectiveSetting | undefined> {
  return (await resolveConfig(where)).settings.find(each => each.key === key)
}

const SAME: Readonly<Record<string, string>> = {
  'promherd.config.js': 'module.exports = { workers: 3, metrics: { port: 9200 } }',
  'promherd.config.mjs': 'export default { workers: 3, metrics: { port: 9200 } }',
  'promherd.config.cjs': 'module.exports = { workers: 3, metrics: { port: 9200 } }',
  'promherd.config.ts':
    'interface Config { workers: number; metrics: { port: number } }\nexport default { workers: 3, metrics: { port: 9200 } } as Config',
  'promherd.config.json': '{ "workers": 3, "metrics": { "port": 9200 } }',
  'promherd.config.yaml': 'workers: 3\nmetrics:\n  port: 9200\n',
  'promherd.config.yml': 'workers: 3\nmetrics: { port: 9200 }\n',
}

describe('the file', () => {
  const resolved = resolveEach(SAME)

  test.each(Object.keys(SAME))('%s is read', async name => {
    const { directory, result } = await resolved(name)
    expect(result).toEqual({ config: { workers: 3, metrics: { port: 9200 } }, file: join(directory, name) })
  })

  test('is missing: then nothing is said, and the defaults hold', async () => {
    const { config, file, settings } = await resolveConfig({ directory: directoryWith({}) })
    expect({ config, file }).toEqual({ config: {}, file: undefined })
    expect(settings.map(({ key, value, source }) => [key, value, source])).toEqual([
      ['drainTimeoutMs', 30_000, 'default'],
      ['hangTimeoutMs', 30_000, 'default'],
      ['metrics.host', '127.0.0.1', 'default'],
      ['metrics.port', 9091, 'default'],
      ['startTimeoutMs', 60_000, 'default'],
      ['workers', 'max', 'default'],
    ])
  })

  test('of a directory above is not taken', async () => {
    const above = directoryWith({ 'promherd.config.json': '{ "workers": 3 }' })
    mkdirSync(join(above, 'below'))
    expect((await resolveConfig({ directory: join(above, 'below') })).file).toBeUndefined()
  })

  test('that is named is taken, whatever is in the directory; the name given goes before PROMHERD_CONFIG', async () => {
    const directory = directoryWith({
      'promherd.config.json': '{ "workers": 1 }',
      'promherd.config.yaml': 'workers: 2',
      'one.json': '{ "workers": 3 }',
      'two.json': '{ "workers": 4 }',
    })
    process.env['PROMHERD_CONFIG'] = 'one.json'
    expect((await resolveConfig({ directory })).config).toEqual({ workers: 3 })
    expect((await resolveConfig({ directory, file: 'two.json' })).config).toEqual({ workers: 4 })
  })
})

interface Resolved {
  readonly code?: string
  readonly message?: string
}

/** What a Node without a test runner makes of directories. */
async function resolveIn(directories: readonly string[], core = CORE): Promise<Resolved[]> {
  // The shims of pnpm set NODE_PATH, where the packages of the workspace are.
  const env = { PROMHERD_CONFIG: undefined, NODE_PATH: undefined }
  const { output } = await runProcess(process.execPath, [RESOLVE, core, ...directories], { cwd: tmpdir(), env })
  return output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** What it makes of each of some files alone in a directory: one process for all tests of a group. */
function resolveEach(
  files: Readonly<Record<string, string>>,
): (key: string) => Promise<{ directory: string; result: Resolved }> {
  const keys = Object.keys(files)
  const directories = keys.map(() => temporaryDirectory())
  afterAll(() => {
    for (const { remove } of directories) remove()
  })
  let results: Promise<Resolved[]> | undefined
  return async key => {
    for (const [i, name] of keys.entries()) writeFileSync(join(directories[i]!.path, name.split(' ')[0]!), files[name]!)
    results ??= resolveIn(directories.map(({ path }) => path))
    const i = keys.indexOf(key)
    return { directory: directories[i]!.path, result: (await results)[i]! }
  }
}

const RESOLVE = join(ROOT, 'test/config/resolve.mjs')
const CORE = join(ROOT, 'packages/core/bundle/config.js')

/** What the error says with which these files are refused, with the directory as `DIR`. */
async function refusal(files: Readonly<Record<string, string>>, file?: string): Promise<string> {
  const directory = directoryWith(files)
  try {
    await resolveConfig({ directory, file })
  } catch (error) {
    return (error as Error).message.replaceAll(directory, 'DIR')
  }
  throw new Error('Expected it to be refused.')
}

describe('is refused:', () => {
  test('two files in one directory, both named', async () => {
    expect(await refusal({ 'promherd.config.yaml': '', 'promherd.config.json': '{}' })).toBe(
      'Expected one configuration file in `DIR`, but there are `promherd.config.json` and `promherd.config.yaml`. Remove all but one, or name the one to take with --config or PROMHERD_CONFIG.',
    )
  })

  test.each<[what: string, name: string, text: string, message: string]>([
    [
      'a wrong type',
      'json',
      '{ "workers": "4" }',
      "Expected `workers` to be an integer from 1 to 1024, but got '4'. Give the number of workers to run, or leave it out for one per CPU.",
    ],
    [
      'a wrong type in a group',
      'yaml',
      'metrics:\n  port: high\n',
      "Expected `metrics.port` to be an integer from 0 to 65535, but got 'high'. Give a free port, or 0 for any.",
    ],
    [
      'an unknown key',
      'cjs',
      'module.exports = { worker: 4 }',
      'Expected only known options in the configuration, but got `worker`. Did you mean `workers`?',
    ],
    [
      'an unknown key in a group',
      'yml',
      'http: { bucket: [1] }',
      'Expected only known options in http, but got `bucket`. Did you mean `buckets`?',
    ],
    [
      'buckets that fall',
      'mjs',
      'export default { http: { buckets: [2, 1] } }',
      'Expected `http.buckets` to increase, but 1 follows 2. Sort the upper bounds and drop the duplicates.',
    ],
    [
      'a function where JSON has none',
      'json',
      '{ "http": { "normalizeRoute": "x" } }',
      "Expected `http.normalizeRoute` to be a function, but got 'x'. Give a function that takes the route and returns the one to record.",
    ],
    [
      'a list',
      'json',
      '[]',
      'Expected `the configuration` to be an object, but got []. Give the options by their names.',
    ],
    [
      'a key without a value',
      'yaml',
      'threads:\n',
      'Expected `threads` to be an integer from 1 to 1024, but got null. Give the number of threads to run, or leave it out for processes.',
    ],
  ])('%s', async (_, ending, text, message) => {
    const name = `promherd.config.${ending}`
    expect(await refusal({ [name]: text })).toBe(`In ${name}: ${message}`)
  })

  const UNREADABLE: readonly (readonly [what: string, ending: string, text: string, reason: RegExp])[] = [
    ['JSON that is none', 'json', '{', /^it cannot be read \(.*JSON.*\)\. Correct it\.$/],
    ['YAML that is none', 'yaml', 'a: [', /^it cannot be read \(.+ at line 1, column 5\)\. Correct it\.$/],
    ['a module with a syntax error', 'mjs', 'export default {', /^it cannot be read \(Unexpected .*\)\. Correct it\.$/],
    ['TypeScript with a syntax error', 'ts', 'export default {', /^it cannot be read \(.+\)\. Correct it\.$/],
    [
      'a module without a default',
      'mjs',
      'export const a = 1',
      /^it cannot be read \(it exports no default\)\. Correct it\.$/,
    ],
    [
      'TypeScript without a default',
      'ts',
      'export const a = 1',
      /^it cannot be read \(it exports no default\)\. Correct it\.$/,
    ],
    ['a module that throws', 'cjs', "throw new Error('no luck')", /^it cannot be read \(no luck\)\. Correct it\.$/],
  ]
  // The name of the file, and what it is a case of.
  const keyOf = (what: string, ending: string): string => `promherd.config.${ending} ${what}`
  const resolved = resolveEach(
    Object.fromEntries(UNREADABLE.map(([what, ending, text]) => [keyOf(what, ending), text])),
  )

  test.each(UNREADABLE)('%s', async (what, ending, _, reason) => {
    const { directory, result } = await resolved(keyOf(what, ending))
    const { code, message = '' } = result
    expect(code).toBe('ERR_PROMHERD_CONFIG_FILE')
    const prefix = `Expected \`${join(directory, `promherd.config.${ending}`)}\` to be a configuration file, but `
    expect(message.slice(0, prefix.length)).toBe(prefix)
    expect(message.slice(prefix.length)).toMatch(reason)
  })

  test('YAML and TypeScript where nothing is installed that reads them, by what is to be installed', async () => {
    const directory = directoryWith({})
    cpSync(join(ROOT, 'packages/core/bundle'), join(directory, 'core'), { recursive: true })
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    const pidusage = join(directory, 'node_modules/pidusage')
    mkdirSync(pidusage, { recursive: true })
    writeFileSync(join(pidusage, 'index.js'), 'module.exports = () => {}')
    const core = join(directory, 'core/config.js')
    const missing = async (name: string): Promise<string> => {
      writeFileSync(join(directory, name), SAME[name]!)
      const [{ message = '' } = {}] = await resolveIn([directory], core)
      rmSync(join(directory, name))
      return message
    }
    expect(await missing('promherd.config.yaml')).toContain(
      'but the package `yaml`, which reads YAML here, is not installed. Install it (npm install yaml), or write the configuration in JavaScript or JSON.',
    )
    // From 22.18 on Node reads it without a loader.
    const readsItself = (process.features as { typescript?: unknown }).typescript
    if (!readsItself)
      expect(await missing('promherd.config.ts')).toContain('but the package `jiti`, which reads TypeScript')
  })

  test('a named file that is not there, or has another ending', async () => {
    expect(await refusal({}, 'missing.json')).toBe(
      'Expected `DIR/missing.json` to be a configuration file, but there is no such file. Correct --config.',
    )
    expect(await refusal({ 'a.toml': '' }, 'a.toml')).toBe(
      'Expected `DIR/a.toml` to be a configuration file, but its ending is none of those. Use one of .js, .mjs, .cjs, .ts, .json, .yaml, .yml.',
    )
  })

  test('a variable of the environment, by its name', async () => {
    process.env['WEB_CONCURRENCY'] = 'many'
    expect(await refusal({})).toBe(
      "Expected `WEB_CONCURRENCY` to be an integer from 1 to 1024, but got 'many'. Give the number of workers to run, or leave it out for one per CPU.",
    )
  })
})

describe('of several sources', () => {
  test('options win over the command line, that over the environment, that over the file, that over the default', async () => {
    const directory = directoryWith({ 'promherd.config.json': '{ "workers": 1, "metrics": { "port": 1 } }' })
    process.env['WEB_CONCURRENCY'] = '2'
    process.env['GUNICORN_WORKERS'] = '3'
    const commandLine = settingsOf({ workers: 4 }, 'command line', '--workers')
    const all = await setting('workers', { directory, commandLine, options: { workers: 5 } })
    expect([all, ...(all?.overridden ?? [])].map(said => [said?.value, said?.source, said?.origin])).toEqual([
      [5, 'options', 'options'],
      [4, 'command line', '--workers'],
      [2, 'environment', 'WEB_CONCURRENCY'],
      [3, 'environment', 'GUNICORN_WORKERS'],
      [1, 'file', 'promherd.config.json'],
      ['max', 'default', 'default'],
    ])
    expect((await setting('workers', { directory, commandLine }))?.value).toBe(4)
    expect((await setting('workers', { directory }))?.value).toBe(2)
    delete process.env['WEB_CONCURRENCY']
    delete process.env['GUNICORN_WORKERS']
    expect((await setting('workers', { directory }))?.value).toBe(1)
  })

  test('each key of a group is settled by itself', async () => {
    const directory = directoryWith({ 'promherd.config.json': '{ "metrics": { "port": 1, "host": "::1" } }' })
    process.env['PROMETHEUS_METRICS_PORT'] = '2'
    expect((await resolveConfig({ directory })).config).toEqual({ metrics: { port: 2, host: '::1' } })
  })

  test('`metrics: false` holds unless a stronger one names a port', async () => {
    const directory = directoryWith({ 'promherd.config.json': '{ "metrics": false }' })
    expect((await resolveConfig({ directory })).config).toEqual({ metrics: false })
    process.env['PROMETHEUS_METRICS_PORT'] = '2'
    expect((await resolveConfig({ directory })).config).toEqual({ metrics: { port: 2 } })
    expect((await resolveConfig({ directory, options: { metrics: false } })).config).toEqual({ metrics: false })
  })
})
