import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { CLEAN, directoryWith, promherd } from './running.ts'

/** Wrong arguments, files and directories: one message with a remedy, and an exit code. */

const FILES = {
  'app.cjs': '',
  'folder/readme.md': '',
  'indexed/index.js': '',
  'package/package.json': '{ "type": "module", "main": "./lib/main" }',
  'package/lib/main.js': '',
  'data/index.json': '{}',
  'gone/package.json': '{ "main": "dist/main.js" }',
}

const MISTAKES: readonly (readonly [args: readonly string[], code: number, message: string])[] = [
  [
    ['start', 'nope.js'],
    1,
    'Expected `nope.js` to be the file of a program, but there is no such file. Correct the path.',
  ],
  [['start', 'folder'], 1, 'Expected `folder` to be the file of a program, but it is a directory. Name the file in it'],
  [['start', 'indexed'], 1, 'but it is a directory. Did you mean `indexed/index.js`?'],
  [['start', './package/'], 1, 'but it is a directory. Did you mean `package/lib/main.js`?'],
  [['start', 'package', '--threads', '2'], 1, 'but it is a directory. Did you mean `package/lib/main.js`?'],
  [['start', 'data'], 1, 'but it is a directory. Name the file in it that starts the program.'],
  [['start', 'gone'], 1, 'but it is a directory. Name the file in it that starts the program.'],
  [['start'], 2, "missing required argument 'app'"],
  [['start', 'app.cjs', '--worker', '2'], 2, "unknown option '--worker'\n(Did you mean --workers?)"],
  [['start', 'app.cjs', '--workers', 'two'], 2, "Expected `--workers` to be an integer from 1 to 1024, but got 'two'."],
  [['start', 'app.cjs', '--port', '70000'], 2, 'Expected `--port` to be an integer from 0 to 65535, but got 70000.'],
  [['start', 'app.cjs', '--workers', '2', '--threads', '2'], 2, 'Expected --workers or --threads, but both are given.'],
  [
    ['start', 'app.cjs', '--config', 'c.json'],
    1,
    'to be a configuration file, but there is no such file. Correct --config.',
  ],
  [['strat', 'app.cjs'], 2, "unknown command 'strat'\n(Did you mean start?)"],
  [['exporter', '--port', '0'], 1, 'Expected a directory that the workers share, but none is given. Give --directory'],
  [
    ['top', '--interval', '0'],
    2,
    "'--interval <seconds>' argument '0' is invalid. Expected a number of seconds above 0",
  ],
  [['top', 'http://['], 2, 'Expected an address such as 127.0.0.1:9091, but got http://[.'],
  [['top', '127.0.0.1:1', '--directory', '.'], 2, 'Expected an address or a --directory, but both are given.'],
  [['top', '127.0.0.1:1', '--once'], 1, 'Expected metrics at http://127.0.0.1:1/metrics, but'],
  [['health', '--port', '1'], 1, 'Expected http://127.0.0.1:1/-/healthy to respond within 2 s, but'],
]

/** The outcome of each command line, all in one process: none of them starts anything that keeps running. */
let outcomes: readonly Outcome[]

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

beforeAll(async () => {
  const { path: cwd, remove } = temporaryDirectory()
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  const fixture = join(ROOT, 'test/cli/fixtures/several-commands.mjs')
  const options = { cwd, env: CLEAN, input: JSON.stringify(MISTAKES.map(([args]) => args)) }
  const { code, output } = await runProcess(process.execPath, [fixture], options)
  remove()
  expect([code, output]).toEqual([0, expect.stringMatching(/^\[/)])
  outcomes = JSON.parse(output) as Outcome[]
})

test.each(MISTAKES.map((mistake, i) => [mistake[0], mistake, i] as const))('%j', (_, [, code, message], i) => {
  const outcome = outcomes[i]!
  expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: '' })
  expect(outcome.stderr).toContain(`promherd: `)
  expect(outcome.stderr).toContain(message)
  expect(outcome.stderr).not.toContain('    at ')
})

/** Each command that reads a configuration, and each kind of error in it; test/config has all errors. */
test.each<[command: string, what: string, files: Record<string, string>, message: string]>([
  [
    'start app.cjs',
    'two files',
    { 'promherd.config.json': '{}', 'promherd.config.yaml': '' },
    'there are `promherd.config.json` and `promherd.config.yaml`. Remove all but one',
  ],
  [
    'check',
    'a wrong type',
    { 'promherd.config.yaml': 'workers: lots' },
    "In promherd.config.yaml: Expected `workers` to be an integer from 1 to 1024, but got 'lots'.",
  ],
  [
    'exporter',
    'an unknown key',
    { 'promherd.config.json': '{ "metrics": { "prot": 1 } }' },
    'In promherd.config.json: Expected only known options in metrics, but got `prot`. Did you mean `port`?',
  ],
  [
    'health',
    'invalid JSON',
    { 'promherd.config.json': '{' },
    'promherd.config.json` to be a configuration file, but it cannot',
  ],
])('%s rejects a configuration with %s', async (command, _, files, message) => {
  const { code, stderr } = await promherd(command.split(' '), { cwd: directoryWith({ ...FILES, ...files }) })
  expect(code).toBe(1)
  expect(stderr).toContain(message)
})

test('top rejects a port that does not serve metrics of promherd', async () => {
  const server = createServer((_, response) => response.end('up 1\n'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await promherd(['top', `127.0.0.1:${port}`])
  expect(code).toBe(1)
  expect(stderr).toBe(
    `promherd: Expected http://127.0.0.1:${port}/metrics to be a metrics port of promherd, but it serves other metrics. Correct the address.\n`,
  )
})

test('check prints the source of each setting and the sources that it overrides', async () => {
  const cwd = directoryWith({ 'promherd.config.yaml': 'workers: 8\nmetrics: { port: 0 }\nhttp: { bodySize: true }\n' })
  const env = { WEB_CONCURRENCY: '5', GUNICORN_WORKERS: '6', PROMETHEUS_MULTIPROC_DIR: `${cwd}/herd` }
  const { code, stdout, stderr } = await promherd(['check', '--workers', '2'], { cwd, env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout
    .replaceAll(cwd, 'DIR')
    .split('\n')
    .map(line => line.trim().replace(/ {2,}/g, ' | '))
  expect(lines).toEqual(
    expect.arrayContaining([
      'from promherd.config.yaml',
      'http.bodySize | true | promherd.config.yaml',
      'metrics.port | 0 | promherd.config.yaml',
      expect.stringMatching(/^metrics\.directory \| DIR\/herd \| PROMETHEUS_MULTIPROC_DIR$/),
      'run 2 worker processes',
    ]),
  )
  const at = lines.indexOf('workers | 2 | --workers')
  expect(lines.slice(at + 1, at + 4)).toEqual([
    'ignored: WEB_CONCURRENCY (5)',
    'ignored: GUNICORN_WORKERS (6)',
    'ignored: promherd.config.yaml (8)',
  ])
})

test('check exits with code 1 if there are problems', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const cwd = directoryWith({ ...FILES, 'promherd.config.json': '{ "http": { "categories": ["Bad Name"] } }' })
  const { code, stdout } = await promherd(['check', '--port', String(port), '--directory', 'app.cjs'], { cwd })
  expect(code).toBe(1)
  expect(stdout).toContain(
    `✗ metrics port  Expected port ${port} on 127.0.0.1 to be free, but another process uses it.`,
  )
  expect(stdout).toContain('✗ directory     Expected app.cjs to be a directory, but it is not.')
  expect(stdout).toMatch(/✗ http .*categories/)
})

/** For root the file system rejects the directory, for other users its permissions do. */
const PROC =
  process.getuid?.() === 0
    ? '✗ directory     Expected to create a directory in /proc, but its file system does not allow that (ENOENT).'
    : '✗ directory     Expected to be allowed to write /proc, but this user is not.'

test.each<[what: string, directory: string, message: string]>([
  [
    'below a file',
    'app.cjs/herd',
    '✗ directory     Expected app.cjs/herd to be a directory, but DIR/app.cjs is not a directory. Choose another one.',
  ],
  [
    'a link to a missing directory',
    'link',
    '✗ directory     Expected link to be a directory, but it is not. Choose another one.',
  ],
  ['in a file system that allows none', '/proc/nowhere/at/all', PROC],
  ['a file system that allows no files', '/proc', PROC],
])('check reports a directory that cannot be created: %s', async (_, directory, message) => {
  const cwd = directoryWith(FILES)
  symlinkSync('nowhere', join(cwd, 'link'))
  const { code, stdout } = await promherd(['check', '--port', '0', '--directory', directory], { cwd })
  expect(stdout.replaceAll(cwd, 'DIR')).toContain(message)
  expect(code).toBe(1)
})

test.each([
  ['herd/of/mine', 'herd/of/mine will be created'],
  ['.', '. can be written'],
])('check creates no files when it reports that %s', async (directory, says) => {
  const cwd = directoryWith({ 'here.txt': '' })
  const { code, stdout } = await promherd(['check', '--port', '0', '--directory', directory], { cwd })
  expect(stdout).toContain(`directory     ${says}`)
  expect(code).toBe(0)
  expect(readdirSync(cwd)).toEqual(['here.txt'])
})

test('check lists all copies of prom-client', async () => {
  const manifest = (version: string) => JSON.stringify({ name: 'prom-client', version })
  const cwd = directoryWith({
    'node_modules/prom-client/package.json': manifest('15.1.3'),
    'node_modules/@a/b/node_modules/prom-client/package.json': manifest('14.2.0'),
  })
  const { code, stdout } = await promherd(['check', '--port', '0'], { cwd })
  expect(code).toBe(0)
  expect(stdout).toContain('! prom-client   2 copies (prom-client 14.2.0, prom-client 15.1.3).')
})

test('--version prints the version', async () => {
  expect(await promherd(['--version'])).toEqual({ code: 0, signal: null, stdout: '0.1.0\n', stderr: '' })
})
