import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { requestsOf } from '../auto/preloaded.ts'
import { get, isAlive, release } from '../cluster/running.ts'
import { ROOT } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { type Sample, scrape, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { directoryWith, promherd, type Running, start } from './running.ts'

/** `promherd start` with programs that know nothing of it. */

const APP = join(ROOT, 'test/cli/fixtures/app.cjs')

interface Started {
  readonly running: Running
  readonly app: string
  readonly metrics: string
}

async function startApp(args: readonly string[], program = APP, cwd?: string): Promise<Started> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const running = start(['start', program, '--port', String(metricsPort), ...args], {
    env: { PORT: String(port) },
    ...(cwd && { cwd }),
  })
  await until(() => running.stderr().includes('metrics at'), { what: `it to listen: ${running.stderr()}` })
  return { running, app: `http://127.0.0.1:${port}`, metrics: `http://127.0.0.1:${metricsPort}` }
}

/** Waits until exactly these requests are counted: a response may arrive before its request is. */
function counts(metrics: string, requests: Readonly<Record<string, number>>): Promise<Sample[]> {
  return until(
    async () => {
      const samples = await scrape(`${metrics}/metrics`)
      return isDeepStrictEqual(requestsOf(samples), requests) && samples
    },
    { what: JSON.stringify(requests) },
  )
}

test('an unchanged program runs in two workers, both serve, and each request is counted by its inferred route', async () => {
  const { running, app, metrics } = await startApp(['--workers', '2', '--routes', 'inferred', '--', 'one', '--two'])
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => get(`${app}/items/${i}?q=${i}`)))
  const pids = [...new Set(answers.map(({ body }) => Number(body)))]
  expect(pids).toHaveLength(2)
  const said = running.stdout().trim().split('\n')
  expect(said.map(line => JSON.parse(line))).toEqual(Array(2).fill({ argv: [APP, 'one', '--two'], isMain: true }))

  const samples = await counts(metrics, { 'GET /items/:number 200': 40 })
  expect(sum(samples, 'promherd_worker_state', { state: 'running' })).toBe(2)
  expect(sum(samples, 'promherd_workers_target')).toBe(2)

  const slow = get(`${app}/held`)
  await until(async () => sum(await scrape(`${metrics}/metrics`), 'http_requests_in_flight') === 1, {
    what: 'the slow request to have begun',
  })
  running.signal('SIGTERM')
  const isDraining = async (): Promise<boolean> =>
    sum(await scrape(`${metrics}/metrics`), 'promherd_workers', { state: 'draining' }) === 1
  await until(isDraining, { what: 'only the worker of the slow request to be left' })
  release(...pids)
  expect((await slow).body).toBe('held')
  expect((await running.ended).code).toBe(0)
  expect(pids.filter(isAlive)).toEqual([])
})

test('a program runs in threads of one process, and each request is counted by its inferred route', async () => {
  const { running, app, metrics } = await startApp(['--threads', '2', '--routes', 'inferred', '--', 'one'])
  await Promise.all(Array.from({ length: 20 }, (_, i) => get(`${app}/items/${i}?q=${i}`)))
  await counts(metrics, { 'GET /items/:number 200': 20 })
  expect(JSON.parse(running.stdout().split('\n')[0]!).argv).toEqual([APP, 'one'])
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test('the workers record as configured, wherever the configuration file is', async () => {
  const text = 'http: { labels: { tier: web }, ignore: [/health] }\nmaxRequests: 3\nworkers: 1\n'
  const file = join(directoryWith({ 'here.yaml': text }), 'here.yaml')
  const { app, metrics } = await startApp(['--config', file])
  for (const path of ['/health', '/a', '/b']) await get(app + path)
  const samples = await counts(metrics, { 'GET _unknown 200': 2 })
  expect(sum(samples, 'http_requests_total', { tier: 'web' })).toBe(2)
  const isReplaced = async (): Promise<boolean> =>
    sum(await scrape(`${metrics}/metrics`), 'promherd_worker_restarts_total', { reason: 'max_requests' }) === 1
  await until(isReplaced, { what: 'the worker to be replaced after three requests' })
})

test('health, top and the exporter report the running workers', async () => {
  const directory = directoryWith({})
  const { metrics, app } = await startApp([
    '--workers',
    '1',
    '--config',
    join(directoryWith({ 'c.json': `{ "metrics": { "directory": "${directory}" } }` }), 'c.json'),
  ])
  const { port } = new URL(metrics)
  for (const probe of [[], ['--ready']]) expect((await promherd(['health', '--port', port, ...probe])).code).toBe(0)
  await get(app)

  const frame = await promherd(['top', metrics, '--interval', '0.2'])
  expect(frame).toMatchObject({ code: 0, stderr: '' })
  expect(frame.stdout).toMatch(/^promherd top {2}http:.*\n\nrequests 0\/s {3}p50 - .*\nworkers 1 of 1 /)
  expect(frame.stdout).not.toContain('\x1b')
  for (const where of [[metrics], ['--directory', directory]]) {
    const { stdout } = await promherd(['top', '--json', '--interval', '0.2', ...where])
    expect(JSON.parse(stdout).byWorker).toMatchObject([{ worker: '1', state: 'running' }])
  }

  const exporterPort = String(await freePort())
  const exporter = start(['exporter', '--directory', directory, '--port', exporterPort])
  await until(() => exporter.stderr().includes('metrics at'), { what: 'the exporter to listen' })
  await counts(`http://127.0.0.1:${exporterPort}`, { 'GET _unknown 200': 1 })
  exporter.signal('SIGTERM')
  expect((await exporter.ended).code).toBe(0)
})

test('the exporter waits for a port that is in use, and serves when it is free', async () => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const exporter = start(['exporter', '--directory', directoryWith({}), '--port', String(port)])
  await until(() => exporter.stderr().includes(`Expected port ${port}`), { what: 'it to say so' })
  expect(exporter.stderr()).not.toContain('metrics at')
  other.close()
  await until(() => exporter.stderr().includes('metrics at'), { what: 'it to listen' })
  expect(sum(await scrape(`http://127.0.0.1:${port}/metrics`), 'promherd_stores')).toBe(0)
  exporter.signal('SIGTERM')
  expect((await exporter.ended).code).toBe(0)
})

test('a changed file replaces the workers, and a file that cannot be loaded does not', async () => {
  const program = (word: string) =>
    `require('node:http').createServer((_, response) => response.end('${word}')).listen(Number(process.env.PORT))`
  const directory = directoryWith({ 'app.cjs': program('old'), 'node_modules/a/index.js': '' })
  const { running, app } = await startApp(['--workers', '1', '--watch'], 'app.cjs', directory)
  expect((await get(app)).body).toBe('old')
  writeFileSync(join(directory, 'node_modules/a/index.js'), '1')
  // The watcher has begun when it sees something: until then the file is written anew.
  const isNew = async (): Promise<boolean> => {
    if (!running.stderr().includes('app.cjs changed')) writeFileSync(join(directory, 'app.cjs'), program('new'))
    return (await get(app)).body === 'new'
  }
  await until(isNew, { what: 'the new program to answer', everyMs: 400 })
  expect(running.stderr()).not.toContain('node_modules')
  writeFileSync(join(directory, 'app.cjs'), 'syntax error(')
  await until(() => running.stderr().includes('The old worker keeps running.'), {
    what: 'the broken one to be refused',
  })
  expect((await get(app)).body).toBe('new')
})

test.each([
  ['a syntax error', 'syntax error(', 1, /^SyntaxError: /gm],
  ['an exit', 'process.exit(7)', 7, /the program exited with code 7 before it listened/g],
  ['a signal', "process.kill(process.pid, 'SIGKILL')", 137, /the program was ended by SIGKILL before it listened/g],
])(
  'a program that never listens ends the cluster with its own exit code, and is logged once: %s',
  async (_, text, exitCode, message) => {
    const directory = directoryWith({ 'app.cjs': text })
    const { code, stdout, stderr } = await promherd(['start', 'app.cjs', '--workers', '2', '--port', '0'], {
      cwd: directory,
    })
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
    expect(stderr.match(message) ?? []).toHaveLength(1)
  },
)

test.each([
  ['an error while it loads', "throw new Error('no database')", 1, /Error: no database/g],
  ['an exit', 'process.exit(7)', 7, /the program exited with code 7 before it listened/g],
])(
  'in threads, a program that never listens ends the cluster with its own exit code: %s',
  async (_, text, exitCode, message) => {
    const cwd = directoryWith({ 'app.cjs': text })
    const { code, stdout, stderr } = await promherd(['start', 'app.cjs', '--threads', '2', '--port', '0'], { cwd })
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
    expect(stderr.match(message) ?? []).toHaveLength(1)
  },
)

test('a program that has nothing left to do ends the cluster without a message, and a program that waits for its port does not', async () => {
  const cwd = directoryWith({
    'done.cjs': "console.log('done')",
    'late.mjs': `
      import { createServer } from 'node:http'
      createServer().listen(0, '127.0.0.1', () => console.log('listens'))`,
  })
  const done = await promherd(['start', 'done.cjs', '--port', '0', '--workers', '2'], { cwd })
  expect(done).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
  const late = start(['start', 'late.mjs', '--port', '0', '--workers', '1'], { cwd })
  await until(() => late.stdout().includes('listens'), { what: 'it to listen' })
})

test('a program that listens for a signal receives it at once, and handles its requests itself', async () => {
  const text = `
    let pending
    const server = require('node:http').createServer((_, response) => {
      pending = response
    })
    server.listen(Number(process.env.PORT))
    process.on('SIGTERM', () => {
      console.log('signal', server.listening)
      pending.end('done')
      server.close(() => { console.log('tidied up'); process.exit(5) })
    })`
  const directory = directoryWith({ 'app.cjs': text })
  const { running, app, metrics } = await startApp(['--workers', '1'], 'app.cjs', directory)
  const answer = get(app)
  await until(async () => sum(await scrape(`${metrics}/metrics`), 'http_requests_in_flight') === 1, {
    what: 'the request to have begun',
  })
  running.signal('SIGTERM')
  expect((await answer).body).toBe('done')
  expect(await running.ended).toMatchObject({ code: 5, stdout: 'signal true\ntidied up\n' })
})

test('--routes rejects an unknown source of routes', async () => {
  const { stderr, code } = await promherd(['start', APP, '--routes', 'guessed'])
  expect(stderr).toContain("Expected `--routes` to be one of 'framework', 'inferred', but got 'guessed'.")
  expect(code).toBe(2)
})
