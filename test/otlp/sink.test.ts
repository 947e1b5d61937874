import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMonitor, type Snapshot } from '@promherd/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Warner } from '../../packages/core/dist/base/warner.js'
import { resolveOtlpOptions } from '../../packages/otlp/dist/settings/resolve.js'
import { OtlpSink } from '../../packages/otlp/dist/sink.js'
import { certificate } from '../support/certificate.js'
import { freePort, temporaryDirectory } from '../support/resources.js'
import { type Answer, Receiver } from './receiver.js'

const SNAPSHOT: Snapshot = { takenAt: 2, startedAt: 1, herd: 'h', families: [] }
const INTERVAL = 30

async function sinkTo(url: string, options: object = {}, said: string[] = []): Promise<OtlpSink> {
  const warner = new Warner(message => said.push(message))
  const sink = new OtlpSink(resolveOtlpOptions({ url, interval: INTERVAL, ...options }), warner)
  onTestFinished(() => sink.stop())
  await sink.start()
  return sink
}

/** Pushes once to a receiver that answers so. Resolves to why that failed; undefined where it did not. */
async function push(answer: Answer, options: object = {}): Promise<unknown> {
  const receiver = await Receiver.start()
  receiver.answer(answer)
  const sink = await sinkTo(receiver.url, options)
  const result = await sink.push(SNAPSHOT, AbortSignal.timeout(20_000)).catch(error => error)
  expect(receiver.pushes).toHaveLength(1)
  return result
}

test.each([429, 502, 503, 504])('after %i the sink waits for the time that the receiver requests', async status => {
  expect(await push({ status, headers: { 'retry-after': '7' } })).toMatchObject({
    reason: 'unavailable',
    retryAfterSeconds: 7,
    message: `HTTP ${status}`,
  })
  expect(await push({ status })).toMatchObject({ reason: 'unavailable', retryAfterSeconds: undefined })
})

test('a wait may be given as a date, and is an hour at most', async () => {
  const date = new Date(Date.now() + 100_000).toUTCString()
  const { retryAfterSeconds } = (await push({ status: 503, headers: { 'retry-after': date } })) as never
  expect(retryAfterSeconds).toBeGreaterThan(60)
  expect(retryAfterSeconds).toBeLessThanOrEqual(100)
  const waits: [header: string, seconds: number | undefined][] = [
    ['99999999999', 3600],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['0', 0],
    ['soon', undefined],
    ['-5', 0],
  ]
  for (const [header, seconds] of waits) {
    const error = await push({ status: 429, headers: { 'retry-after': header } })
    expect([header, (error as { retryAfterSeconds?: number }).retryAfterSeconds]).toEqual([header, seconds])
  }
})

test.each<[status: number, reason: string]>([
  [302, 'rejected'],
  [400, 'rejected'],
  [401, 'auth'],
  [403, 'auth'],
  [404, 'rejected'],
  [413, 'rejected'],
  [500, 'rejected'],
  [501, 'rejected'],
])(
  'after %i the next push is that of the next interval, since the same request would fail again',
  async (status, reason) => {
    // The port of the redirection is not asked.
    const headers = { 'retry-after': '7', location: 'http://localhost:1/' }
    expect(await push({ status, headers })).toMatchObject({ reason, retryAfterSeconds: INTERVAL })
  },
)

describe('the reason that a receiver gives is one printable line', () => {
  const message = 'no such\n\u001b[31mtenant'
  test.each<[string, Answer]>([
    ['in JSON', { body: JSON.stringify({ code: 3, message }), headers: { 'content-type': 'application/json' } }],
    ['in Protocol Buffers', { body: `\x08\x03\x12${String.fromCharCode(message.length)}${message}` }],
    ['in text', { body: message, headers: { 'content-type': 'text/plain; charset=utf-8' } }],
  ])('%s', async (_, answer) => {
    expect(await push({ ...(answer as object), status: 400 })).toMatchObject({
      message: 'HTTP 400: no such [31mtenant',
    })
  })

  test.each<[string, Answer]>([
    ['of another type', { body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['that is no message', { body: '\xff\xff' }],
    ['that is no JSON', { body: '{', headers: { 'content-type': 'application/json' } }],
  ])('and a body %s has none', async (_, answer) => {
    expect(await push({ ...(answer as object), status: 400 })).toMatchObject({ message: 'HTTP 400' })
  })
})

test.each(['http/protobuf', 'http/json'])('a part that was rejected is reported, by %s', async protocol => {
  const partialSuccess = { rejectedDataPoints: '7', errorMessage: 'too old' }
  expect(await push({ plain: { partialSuccess } }, { protocol })).toMatchObject({
    reason: 'rejected',
    retryAfterSeconds: INTERVAL,
    message: '7 data points were rejected: too old',
  })
})

test.each(['http/protobuf', 'http/json'])(
  'what a receiver warns of is logged once for each warning, by %s',
  async protocol => {
    const warn = (errorMessage: string): Answer => ({
      plain: { partialSuccess: { rejectedDataPoints: '0', errorMessage } },
    })
    const receiver = await Receiver.start()
    receiver.answer(warn('names are long'), warn('names are long'), {}, warn('names are long'), warn('clocks differ'))
    const said: string[] = []
    const sink = await sinkTo(receiver.url, { protocol }, said)
    for (let i = 0; i < 5; i++) await sink.push(SNAPSHOT, AbortSignal.timeout(20_000))
    const begin = 'the OTLP receiver has taken all metrics, and warns: '
    expect(said).toEqual(['names are long', 'names are long', 'clocks differ'].map(text => begin + text))
  },
)

test.each<[what: string, answer: Answer]>([
  ['is no message', { body: '\xff\xff\xff' }],
  ['has another type', { body: '<html>', headers: { 'content-type': 'text/html' } }],
  ['rejects nothing', { plain: { partialSuccess: { rejectedDataPoints: '0', errorMessage: 'welcome' } } }],
  ['is empty', { status: 204 }],
  ['is long', { body: 'x'.repeat(2 ** 20) }],
])('a success whose body %s is a success', async (_, answer) => {
  expect(await push(answer)).toBeUndefined()
})

test('one connection is reused, and replaced at once if the receiver has closed it', async () => {
  const receiver = await Receiver.start()
  receiver.answer({}, {}, 'hang up', {})
  const sink = await sinkTo(receiver.url)
  for (let i = 0; i < 3; i++) await sink.push(SNAPSHOT, AbortSignal.timeout(20_000))
  const [first, second, third, fourth, ...others] = receiver.pushes.map(({ port }) => port)
  expect([second, third]).toEqual([first, first])
  expect(fourth).not.toBe(first)
  expect(others).toEqual([])
})

test('a receiver that is down, or hangs up on a new connection, is reported as a lost connection', async () => {
  expect(await push('hang up')).toMatchObject({ reason: 'connection', message: 'socket hang up' })
  const sink = await sinkTo(`http://localhost:${await freePort()}`)
  await expect(sink.push(SNAPSHOT, AbortSignal.timeout(20_000))).rejects.toMatchObject({
    reason: 'connection',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

test('a push ends when its signal is aborted, with the reason of that', async () => {
  const receiver = await Receiver.start()
  receiver.answer('silence')
  const sink = await sinkTo(receiver.url)
  const abort = new AbortController()
  const pushed = sink.push(SNAPSHOT, abort.signal)
  await receiver.push('anything')
  abort.abort(new Error('late'))
  await expect(pushed).rejects.toThrow('late')
  await expect(sink.push(SNAPSHOT, abort.signal)).rejects.toThrow('late')
  expect(receiver.pushes).toHaveLength(1)
})

test.each(['http/protobuf', 'http/json'])('%s is sent, and compressed where that is wanted', async protocol => {
  const monitor = createMonitor({ storage: 'memory' })
  const snapshot = await monitor.snapshot()
  await monitor.close()
  const receiver = await Receiver.start()
  for (const compression of ['none', 'gzip']) {
    const sink = await sinkTo(receiver.url, { protocol, compression })
    await sink.push(snapshot, AbortSignal.timeout(20_000))
  }
  const [plain, packed] = receiver.pushes
  const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  expect(plain!.headers).toMatchObject({ 'content-type': type, 'content-length': String(plain!.sentBytes) })
  expect(packed!.headers).toMatchObject({ 'content-type': type, 'content-encoding': 'gzip' })
  expect(plain!.headers['content-encoding']).toBeUndefined()
  expect(packed!.sentBytes).toBeLessThan(plain!.sentBytes / 2)
  expect(packed!.metrics).toEqual(plain!.metrics)
  expect(plain!.metrics.map(({ name }) => name)).toEqual(snapshot.families.map(({ name }) => name))
})

test('metrics are sent to a receiver with its own certificate that requires one of the client', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const { key, cert } = certificate()
  const [clientKey, clientCertificate] = [join(directory.path, 'key.pem'), join(directory.path, 'cert.pem')]
  writeFileSync(clientKey, key)
  writeFileSync(clientCertificate, cert)
  const receiver = await Receiver.start({ tls: { key, cert, ca: cert } })
  const known = await sinkTo(receiver.url, { certificate: clientCertificate, clientCertificate, clientKey })
  await known.push(SNAPSHOT, AbortSignal.timeout(20_000))
  expect(receiver.pushes).toHaveLength(1)
  const doubting = await sinkTo(receiver.url)
  await expect(doubting.push(SNAPSHOT, AbortSignal.timeout(20_000))).rejects.toMatchObject({
    reason: 'connection',
    message: expect.stringContaining('self-signed certificate'),
  })
  const unknown = await sinkTo(receiver.url, { certificate: clientCertificate })
  await expect(unknown.push(SNAPSHOT, AbortSignal.timeout(20_000))).rejects.toMatchObject({ reason: 'connection' })
  expect(receiver.pushes).toHaveLength(1)
})
