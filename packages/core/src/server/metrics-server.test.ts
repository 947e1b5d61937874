import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { get, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { Warner } from '../base/warner.ts'
import { takesGzip } from '../exposition/negotiate.ts'
import { Numbers } from '../snapshot/numbers.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { MetricsServer, type MetricsServerOptions } from './metrics-server.ts'

/** A snapshot of one family with as many series as wanted, each about as long as `label`. */
function snapshotOf(series: number, label = 'value', value = 1): Snapshot {
  const labels = Array.from({ length: series }, (_, i) => [`${label}${i}`])
  const values = Numbers.from(labels.map(() => value))
  const family = {
    name: 'test',
    type: 'gauge' as const,
    help: 'Test.',
    labelNames: ['l'],
    buckets: [],
    aggregator: 'sum' as const,
    labels,
  }
  return { takenAt: 0, herd: 'h', startedAt: 0, families: [{ ...family, values }] }
}

async function serve(source: SnapshotSource, options: Partial<MetricsServerOptions> = {}): Promise<string> {
  const server = new MetricsServer({
    port: 0,
    host: '127.0.0.1',
    source,
    beforeSnapshot: async () => {},
    readiness: () => undefined,
    warner: new Warner(() => {}),
    ...options,
  })
  onTestFinished(() => server.close())
  return (await server.listening).url
}

test('fifty concurrent requests share one snapshot', async () => {
  let snapshots = 0
  let arrived = 0
  let allArrived: () => void = () => {}
  const all = new Promise<void>(resolve => {
    allArrived = resolve
  })
  const count = () => {
    if (++arrived === 50) allArrived()
  }
  subscribe('http.server.request.start', count)
  onTestFinished(() => void unsubscribe('http.server.request.start', count))
  const url = await serve({
    snapshot: async () => {
      snapshots++
      await all
      return snapshotOf(100)
    },
  })
  const bodies = await Promise.all(Array.from({ length: 50 }, async () => await (await fetch(`${url}/metrics`)).text()))
  expect(new Set(bodies).size).toBe(1)
  expect(bodies[0]).toContain('test{l="value99"} 1\n')
  expect(snapshots).toBe(1)
  await fetch(`${url}/metrics`)
  expect(snapshots).toBe(2)
})

test('a reader that never reads is disconnected, and delays no other', async () => {
  const url = await serve({ snapshot: async () => snapshotOf(2_000, 'x'.repeat(10_000)) }, { readerDeadlineMs: 300 })
  const cut = new Promise<void>(resolve => {
    const watch = (message: unknown) => {
      unsubscribe('http.server.request.start', watch)
      ;(message as { response: ServerResponse }).response.once('close', resolve)
    }
    subscribe('http.server.request.start', watch)
  })
  const reader = connect(Number(new URL(url).port), '127.0.0.1').pause()
  const closed = once(reader, 'close')
  reader.on('error', () => {})
  reader.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await cut
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  // What lies in the kernel's buffers can still be taken; the rest is gone.
  let taken = 0
  reader.on('data', piece => {
    taken += piece.length
  })
  reader.resume()
  await closed
  expect(taken).toBeLessThan(20_000_000)
})

test('a slow reader gets its own response, whatever others request meanwhile', async () => {
  let count = 0
  const source = { snapshot: async () => snapshotOf(2_000, 'x'.repeat(10_000), ++count) }
  // Not the deadline is tried here, which a busy machine could exceed.
  const url = await serve(source, { readerDeadlineMs: 60_000 })
  const slow = await new Promise<IncomingMessage>(resolve => get(`${url}/metrics`, resolve))
  for (let i = 2; i <= 4; i++) expect(await (await fetch(`${url}/metrics`)).text()).toContain(`0"} ${i}\n`)
  const numbers = [...(await text(slow)).matchAll(/^test\{.*\} (.*)$/gm)].map(match => match[1])
  expect([new Set(numbers), numbers.length]).toEqual([new Set(['1']), 2_000])
})

test('twenty very slow readers share one rendering, and are disconnected at the deadline', async () => {
  const [bodyBytes, readers] = [20_000_000, 20]
  const cut: ServerResponse[] = []
  let arrived = 0
  let allArrived: () => void = () => {}
  const all = new Promise<void>(resolve => {
    allArrived = resolve
  })
  const watch = (message: unknown) => {
    const { request, response } = message as { request: { url: string }; response: ServerResponse }
    if (request.url !== '/metrics') return
    response.once('close', () => cut.push(response))
    if (++arrived === readers) allArrived()
  }
  subscribe('http.server.request.start', watch)
  onTestFinished(() => void unsubscribe('http.server.request.start', watch))
  let snapshots = 0
  const snapshot = snapshotOf(2_000, 'x'.repeat(10_000))
  const source = {
    snapshot: async () => {
      snapshots++
      await all
      return snapshot
    },
  }
  const url = await serve(source, { readerDeadlineMs: 1000 })
  const before = process.memoryUsage().arrayBuffers
  const sockets = Array.from({ length: readers }, () => connect(Number(new URL(url).port), '127.0.0.1'))
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
  }
  await Promise.all(sockets.map(socket => once(socket, 'readable')))
  let taken = 0
  const sip = setInterval(() => {
    for (const socket of sockets) taken += (socket.read(1) as Buffer | null)?.length ?? 0
  }, 50)
  onTestFinished(() => clearInterval(sip))
  // A copy for each of them would be twenty bodies; what the sockets hold on this side is in it, too.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * bodyBytes)
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  while (cut.length < readers) await new Promise(resolve => setTimeout(resolve, 20))
  clearInterval(sip)
  expect(taken).toBeGreaterThanOrEqual(readers)
  expect(cut.map(response => response.writableFinished)).toEqual(Array(readers).fill(false))
  expect(snapshots).toBe(1)
  for (const socket of sockets) socket.destroy()
})

test('a large response is compressed for clients that accept gzip', async () => {
  const url = await serve({ snapshot: async () => snapshotOf(1000) })
  const raw = async (encoding: string) => {
    const sent = request(`${url}/metrics`, { headers: { 'accept-encoding': encoding } }).end()
    const [answer] = await once(sent, 'response')
    const pieces: Buffer[] = []
    for await (const piece of answer) pieces.push(piece)
    return { encoding: answer.headers['content-encoding'], length: answer.headers['content-length'], pieces }
  }
  const packed = await raw('gzip')
  const plain = await raw('identity')
  expect(packed.encoding).toBe('gzip')
  expect(plain.encoding).toBeUndefined()
  expect(gunzipSync(Buffer.concat(packed.pieces))).toEqual(Buffer.concat(plain.pieces))
  expect(packed.length).toBe(String(Buffer.concat(packed.pieces).length))
})

test.each([
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['*', true],
  ['gzip;q=0, *', false],
  ['identity', false],
  [undefined, false],
])('Accept-Encoding %s takes gzip: %s', (header, takes) => {
  expect(takesGzip({ 'accept-encoding': header })).toBe(takes)
})

test('a failed snapshot is answered with one sentence, and the next request takes another', async () => {
  let failing = true
  const url = await serve({
    snapshot: async () => {
      if (failing) throw new Error('the disk is away')
      return snapshotOf(1)
    },
  })
  const failed = await fetch(`${url}/metrics`)
  expect(failed.status).toBe(500)
  expect(await failed.text()).toBe('Reading the metrics failed (the disk is away).\n')
  failing = false
  expect((await fetch(`${url}/metrics`)).status).toBe(200)
})

test('it is not ready for as long as there is a reason', async () => {
  let reason: string | undefined = 'No worker is listening yet.'
  const url = await serve({ snapshot: async () => snapshotOf(1) }, { readiness: () => reason })
  const before = await fetch(`${url}/-/ready`)
  expect([before.status, await before.text()]).toEqual([503, 'No worker is listening yet.\n'])
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  reason = undefined
  expect((await fetch(`${url}/-/ready`)).status).toBe(200)
})

test('the event loop runs other work between two families', async () => {
  const { families } = snapshotOf(20_000)
  const many = Array.from({ length: 20 }, (_, i) => ({ ...families[0]!, name: `test${i}` }))
  let turns = 0
  let rendering = true
  const count = () => {
    turns++
    if (rendering) setImmediate(count)
  }
  const url = await serve({
    snapshot: async () => {
      setImmediate(count)
      return { takenAt: 0, herd: 'h', startedAt: 0, families: many }
    },
  })
  const answer = fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'identity' } })
  await answer
  rendering = false
  expect(turns).toBeGreaterThan(5)
})

test('a connection whose headers are incomplete after five seconds is closed', async () => {
  const url = await serve({ snapshot: async () => snapshotOf(1) })
  const slow = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  const closed = once(slow, 'close')
  const openedAt = performance.now()
  slow.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n')
  slow.resume()
  await closed
  expect(performance.now() - openedAt).toBeLessThan(20_000)
})

test('a request for a foreign name is refused with what to do, and the allowed name is answered', async () => {
  const url = await serve({ snapshot: async () => snapshotOf(1) }, { allowedHosts: ['metrics.example'] })
  const answers = ['rebind.example', 'metrics.example:80', new URL(url).host].map(async host => {
    const [response] = (await once(get(`${url}/metrics`, { headers: { host } }), 'response')) as [IncomingMessage]
    return [response.statusCode, await text(response)] as const
  })
  const [foreign, allowed, own] = await Promise.all(answers)
  expect(foreign).toEqual([403, expect.stringContaining('`allowedHosts`')])
  expect([allowed![0], own![0]]).toEqual([200, 200])
})
