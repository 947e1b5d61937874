import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryWith, promherd, start } from '../cli/running.js'
import { get } from '../cluster/running.js'
import { ROOT } from '../support/process.js'
import { freePort } from '../support/resources.js'
import { until } from '../support/until.js'
import { Receiver } from './receiver.js'

const APP = join(ROOT, 'test/cli/fixtures/app.cjs')

test.each([['--workers'], ['--threads']])('promherd start %s 2 --otlp sends the metrics until it exits', async kind => {
  const receiver = await Receiver.start()
  const [port, metricsPort] = [await freePort(), await freePort()]
  const env = { PORT: String(port), OTEL_SERVICE_NAME: 'shop' }
  const running = start(['start', APP, kind, '2', '--port', String(metricsPort), '--otlp', receiver.url], { env })
  await until(() => running.stderr().includes('metrics at'), { what: `it to listen: ${running.stderr()}` })
  const first = await receiver.push('anything')
  expect(first.resource['service.name']).toBe('shop')
  for (let i = 0; i < 10; i++) await get(`http://127.0.0.1:${port}`)
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
  // The interval is a minute: the last push is that of the end, and threads have sent nothing themselves.
  expect(receiver.pushes.at(-1)!.sum('http_requests_total')).toBe(10)
  expect(new Set(receiver.pushes.map(({ resource }) => resource['service.instance.id'])).size).toBe(1)
})

test('promherd exporter --otlp sends the metrics of a directory to the receiver of the environment', async () => {
  const receiver = await Receiver.start()
  const directory = directoryWith({})
  const env = { PROMETHEUS_MULTIPROC_DIR: directory, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  const args = ['exporter', '--port', String(await freePort()), '--otlp']
  const exporter = start(args, { env: { ...env, OTEL_METRIC_EXPORT_INTERVAL: '200' } })
  const push = await receiver.push('the stores', each => each.metric('promherd_stores') !== undefined)
  expect(push.path).toBe('/v1/metrics')
  exporter.signal('SIGTERM')
  expect((await exporter.ended).code).toBe(0)
})

test.each<[what: string, args: string[], env: Record<string, string>, message: string]>([
  ['an address that is none', ['--otlp', 'collector:4318'], {}, 'Expected `--otlp` to be a URL of http or https'],
  [
    'gRPC in the environment',
    ['--otlp'],
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'Expected `OTEL_EXPORTER_OTLP_PROTOCOL` to be one of',
  ],
])('%s is rejected with one line', async (_, args, env, message) => {
  const { code, stderr, stdout } = await promherd(['start', APP, ...args], { env })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(new RegExp(`^promherd: ${message}.+\\n$`))
})

test('nothing is sent without an option, although the environment has a receiver', async () => {
  const receiver = await Receiver.start()
  const port = await freePort()
  const env = { PORT: String(port), OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '50' }
  const running = start(['start', APP, '--workers', '1', '--port', String(await freePort())], { env })
  await until(() => running.stderr().includes('metrics at'), { what: `it to listen: ${running.stderr()}` })
  for (let i = 0; i < 5; i++) await get(`http://127.0.0.1:${port}`)
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
  expect(receiver.pushes).toEqual([])
})
