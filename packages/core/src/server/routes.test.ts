import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { bytesOf } from '../exposition/bytes.ts'
import type { GzipPacker } from '../exposition/gzip.ts'
import { HostCheck } from './host-check.ts'
import { type Renderer, Rendering } from './renderer.ts'
import { Routes } from './routes.ts'

test('a text that cannot be compressed is answered with 500, and released', async () => {
  let left = 0
  const packer = { pack: () => Promise.reject(new Error('no memory')) } as unknown as GzipPacker
  const text = bytesOf([Buffer.alloc(10_000, '#')])
  const rendering = new Rendering(
    { takenAt: 0, herd: 'h', startedAt: 0, families: [] },
    'text/plain',
    text,
    packer,
    () => {
      left++
    },
  )
  const renderer = { render: () => Promise.resolve(rendering) } as unknown as Renderer
  const routes = new Routes({
    renderer,
    readiness: () => undefined,
    readerDeadlineMs: 5_000,
    hosts: new HostCheck('127.0.0.1', undefined),
  })
  const server = createServer((request, response) => void routes.answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const request = get({ port, host: '127.0.0.1', path: '/metrics', headers: { 'accept-encoding': 'gzip' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = (await response.toArray()).join('')
  expect([response.statusCode, body]).toEqual([500, 'Reading the metrics failed (no memory).\n'])
  expect(left).toBe(1)
  server.close()
})
