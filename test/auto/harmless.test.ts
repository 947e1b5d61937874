import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { freePort, temporaryDirectory } from '../support/resources.ts'
import { sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { environmentOf, PRELOAD, scrapePort, startPreloaded } from './preloaded.ts'

/** The output of a program without a server, to the byte, and its exit code. */
function endOf(node: readonly string[], env: Readonly<Record<string, string>>): object {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...node, 'ends.mjs'], environmentOf(env))
  return { status, signal, stdout: stdout.toString(), stderr: stderr.toString() }
}

test.each(['exit', 'code', 'throw', 'reject', 'signal', 'nothing'])(
  'a program that ends by %s says the same and ends alike',
  END => {
    const alone = endOf([], { END })
    expect(endOf(PRELOAD, { END })).toEqual(alone)
    // The same preload by another way.
    if (END === 'throw') expect(endOf([], { END, NODE_OPTIONS: PRELOAD.join(' ') })).toEqual(alone)
  },
)

test('a program has the same objects and the same Node, and a thrown error of a listener is logged with the same bytes and exit code', async () => {
  const ended = (node: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runProcess(process.execPath, [...node, 'throws.mjs'], environmentOf(env))
  const alone = await ended([])
  expect(alone).toMatchObject({ code: 1, signal: null, output: expect.stringContaining('Error: of the program') })
  expect(await ended(PRELOAD, { PROMETHEUS_METRICS_PORT: String(await freePort()) })).toEqual(alone)
})

test('a program whose server was closed exits by itself while a client has a connection to its metrics', async () => {
  const port = await freePort()
  const env = { PROMETHEUS_METRICS_PORT: String(port), READER: `http://127.0.0.1:${port}/metrics` }
  const ended = await runProcess(process.execPath, [...PRELOAD, 'once.mjs'], environmentOf(env))
  expect(ended).toEqual({ code: 3, signal: null, output: 'answered\n200\nclosed\n' })
})

test('a metrics port in use is logged, and used when it is free; the application serves meanwhile', async () => {
  const other = createServer((_request, response) => response.end('other'))
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const app = await startPreloaded('http.mjs', { env: { PROMETHEUS_METRICS_PORT: String(port) } })
  expect(await app.ask('/')).toBe(`200 ${app.process.pid}`)
  await until(() => app.process.output().includes(`Expected port ${port} on 127.0.0.1 to be free`), {
    what: 'a warning',
  })
  await new Promise(resolve => {
    other.close(resolve)
    other.closeAllConnections()
  })
  await app.counted({ 'GET _unknown 200': 1 })
})

test('an application that listens on the metrics port gets it, and the preload uses it again afterwards', async () => {
  const app = await startPreloaded('own-port.mjs')
  await app.ports(1)
  await until(() => app.scrape(), { what: 'metrics before' })
  const [, port] = await app.ports(2)
  expect(port).toBe(String(app.metricsPort))
  const address = `http://127.0.0.1:${port}/close`
  expect(await (await fetch(address, { headers: { connection: 'close' } })).text()).toBe('second')
  await app.counted({ 'GET _unknown 200': 1 })
  expect(app.process.output()).toContain(`Expected port ${port} to be free for the metrics`)
})

test('the preload serves no metrics if the application serves its herd itself', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const app = await startPreloaded('herd-server.mjs', { env: { PROMETHEUS_MULTIPROC_DIR: directory.path } })
  const said = await until(() => /metrics on (\d+)/.exec(app.process.output()) ?? undefined, { what: 'its metrics' })
  expect(await app.ask('/')).toBe('200 answered')
  await until(async () => sum(await scrapePort(Number(said[1])), 'http_requests_total') === 1, { what: 'one request' })
  await until(
    () =>
      app
        .scrape()
        .then(() => false)
        .catch(() => true),
    { what: 'no other port' },
  )
})

test.each([
  ['a file', process.execPath],
  ['nowhere to make it', '/proc/nowhere/at/all'],
])('what cannot be measured is said once, and served all the same: %s', async (_, directory) => {
  const app = await startPreloaded('http.mjs', { env: { PROMETHEUS_MULTIPROC_DIR: directory } })
  expect(await app.ask('/')).toBe(`200 ${app.process.pid}`)
  expect(await app.ask('/')).toBe(`200 ${app.process.pid}`)
  expect(app.process.output().match(/promherd:/g)).toHaveLength(1)
  expect(app.process.output()).toContain('nothing is measured: Expected a directory that this process can write')
})
