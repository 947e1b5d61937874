import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Chapter, Law } from '../contract/law.ts'
import { PLAIN, SENT } from './applications.ts'
import { OPTIONS_SUBJECTS, type OptionsWorld, PRELOADED_SUBJECTS } from './options-world.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

const LAWS: readonly Law<OptionsWorld>[] = [
  {
    sentence: 'bodies that the parser of the framework reads are measured, with a length and in chunks',
    async run(world) {
      await world.start({ bodySize: true })
      const came = await world.ask('/parsed', SENT, { ...JSON_TYPE, 'content-length': Buffer.byteLength(SENT) })
      expect(came).toBe(Buffer.byteLength(SENT))
      await world.ask('/parsed', SENT, { ...JSON_TYPE, 'transfer-encoding': 'chunked' })
      const bytes = { 'POST /parsed': 2 * Buffer.byteLength(SENT) }
      expect(await world.observed('http_response_size_bytes', 2)).toEqual(bytes)
      expect(await world.observed('http_request_size_bytes', 2)).toEqual(bytes)
    },
  },
  {
    sentence: 'a compressed response is measured in its compressed size',
    async run(world) {
      await world.start({ bodySize: true })
      const came = await world.ask('/packed')
      expect(came).toBe(gzipSync(PLAIN).length)
      expect(await world.observed('http_response_size_bytes', 1)).toEqual({ 'GET /packed': came })
    },
  },
  {
    sentence: 'a small body that is not read is measured too',
    async run(world) {
      await world.start({ bodySize: true })
      expect(await world.ask('/unread', '"abc"', { ...JSON_TYPE, 'content-length': 5 })).toBe(2)
      expect(await world.observed('http_request_size_bytes', 1)).toEqual({ 'POST /unread': 5 })
    },
  },
  {
    sentence: 'the time to the first byte is part of the total duration',
    async run(world) {
      await world.start({ timeToFirstByte: true })
      await world.ask('/packed')
      const [seconds] = Object.values(await world.observed('http_request_first_byte_seconds', 1))
      const [total] = Object.values(await world.observed('http_request_duration_seconds', 1))
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(total!)
    },
  },
  {
    sentence: 'functions of labels are called with the request, the response and the object of the framework',
    async run(world) {
      const seen: unknown[] = []
      const tenant = {
        values: ['acme'],
        value(incoming: IncomingMessage, response: unknown, context: unknown): string | undefined {
          const { statusCode } = response as { statusCode: number }
          // The path from the object of each framework to the header.
          const own = context as { headers?: Record<string, string>; req?: { header?: (name: string) => string } }
          const read = world.name === 'Hono 4' ? own.req?.header?.('x-tenant') : own.headers?.['x-tenant']
          seen.push(statusCode, read)
          return incoming.headers['x-tenant'] as string
        },
      }
      await world.start({ labels: { tenant } })
      await world.ask('/packed', undefined, { 'x-tenant': 'acme' })
      await world.ask('/packed', undefined, { 'x-tenant': 'evil' })
      const durations = await world.observed('http_request_duration_seconds', 2)
      expect(Object.keys(durations).sort()).toEqual(['GET /packed 200 _other', 'GET /packed 200 acme'])
      expect(seen).toEqual([200, 'acme', 200, 'evil'])
    },
  },
  {
    sentence: 'metrics with OpenTelemetry naming follow its conventions, with the template of the route',
    async run(world) {
      await world.start({ naming: 'opentelemetry', bodySize: true, timeToFirstByte: true })
      await world.ask('/unread', '"abc"', { ...JSON_TYPE, 'content-length': 5 })
      await world.ask('/packed')
      // No `error_type` between the scheme and the status.
      const keys = ['GET http  200 /packed 1.1', 'POST http  200 /unread 1.1']
      const durations = await world.observed('http_server_request_duration_seconds', 2)
      expect(Object.keys(durations).sort()).toEqual(keys)
      const firstBytes = await world.observed('http_server_request_first_byte_seconds', 2)
      expect(Object.keys(firstBytes).sort()).toEqual(keys)
      expect(await world.observed('http_server_request_body_size_bytes', 2)).toEqual({ [keys[0]!]: 0, [keys[1]!]: 5 })
      expect(await world.observed('http_server_response_body_size_bytes', 2)).toEqual({
        [keys[0]!]: gzipSync(PLAIN).length,
        [keys[1]!]: 2,
      })
      expect(await openOf(world)).toEqual({ 'GET http': 0, 'POST http': 0 })
      const { families } = await world.monitor.snapshot()
      const others = families
        .map(({ name }) => name)
        .filter(name => /^http_(?!server_|request_errors|streams)/.test(name))
      expect(others).toEqual([])
    },
  },
  {
    sentence: 'the paths of a list are ignored',
    async run(world) {
      await world.start({ ignore: ['/unread'] })
      await world.ask('/unread?x=1', '"abc"', JSON_TYPE)
      await world.ask('/packed')
      expect(Object.keys(await world.observed('http_request_duration_seconds', 1))).toEqual(['GET /packed 200'])
    },
  },
]

async function openOf({ monitor }: OptionsWorld): Promise<Record<string, number>> {
  const { families } = await monitor.snapshot()
  const { labels, values } = families.find(({ name }) => name === 'http_server_active_requests')!
  return Object.fromEntries(labels.map((label, i) => [label.join(' '), values.get(i)]))
}

/** The options that depend on the framework. */
export const OPTIONS: Chapter<OptionsWorld> = {
  title: 'Options',
  about: 'The options of HTTP recording that depend on the framework, on an application with a parser and gzip.',
  subjects: [...OPTIONS_SUBJECTS, ...PRELOADED_SUBJECTS],
  laws: LAWS,
}
