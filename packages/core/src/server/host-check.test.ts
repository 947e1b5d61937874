import { describe, expect, test } from 'vitest'
import { HostCheck } from './host-check.ts'

const LOOPBACK = [
  '127.0.0.1:9091',
  'localhost',
  'LOCALHOST:9091',
  '[::1]:9091',
  '127.8.9.1',
  'app.localhost:80',
  'localhost.',
]

const FOREIGN = [
  'rebind.example:9091',
  '10.0.0.1:9091',
  'localhost.example',
  '127.0.0.1.example',
  '127.evil',
  '[::2]:9091',
  'localhost@rebind.example',
  '',
]

describe.each(['127.0.0.1', '::1', 'localhost', '127.0.0.5'])('a port bound to %s', bound => {
  const check = new HostCheck(bound, undefined)

  test.each(LOOPBACK)('accepts %s', name => expect(check.accepts(name)).toBe(true))

  test.each(FOREIGN)('refuses %j', name => expect(check.accepts(name)).toBe(false))

  test('accepts a request without a name, as HTTP/1.0 sends it', () => expect(check.accepts(undefined)).toBe(true))
})

test('a port that is bound to another address than loopback accepts every name', () => {
  for (const bound of ['0.0.0.0', '::', '10.0.0.1']) {
    for (const name of [...LOOPBACK, ...FOREIGN]) expect(new HostCheck(bound, undefined).accepts(name)).toBe(true)
  }
})

test('names that are allowed are accepted with any port, and only they', () => {
  for (const bound of ['127.0.0.1', '0.0.0.0', '10.0.0.1']) {
    const check = new HostCheck(bound, ['Metrics.Example'])
    for (const name of ['metrics.example', 'METRICS.EXAMPLE:443', 'metrics.example.', `${bound}:9091`, 'localhost']) {
      expect(check.accepts(name)).toBe(true)
    }
    expect(check.accepts('rebind.example')).toBe(false)
  }
})
