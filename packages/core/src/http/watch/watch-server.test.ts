import { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../../monitor/internals.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import type { Store } from '../../store/store.ts'
import type { ServerWatcher } from './server-watcher.ts'
import { watchServer } from './watch-server.ts'

let monitor: Monitor

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
})

afterEach(() => monitor.close())

function watcher(store: Store, heard: string[]): ServerWatcher {
  return {
    store,
    refused: (method, statusCode) => heard.push(`refused ${method} ${statusCode}`),
    upgraded: () => heard.push('upgraded'),
  }
}

/** A connection that fails to parse, and is closed without a word. */
function failOn(server: EventEmitter): boolean {
  const socket = new EventEmitter() as Duplex
  const isHandled = server.emit('clientError', malformed, socket)
  socket.emit('close')
  return isHandled
}

const malformed = Object.assign(new Error('malformed'), { code: 'HPE_INVALID_METHOD' })

test('what emit answers, takes and throws is what it was', () => {
  const server = createServer()
  watchServer(server, watcher(internalsOf(monitor).store, []))
  expect(failOn(server)).toBe(false)
  const given: unknown[] = []
  server.on('clientError', (...all) => given.push(...all))
  const socket = new EventEmitter() as Duplex
  expect(server.emit('clientError', malformed, socket)).toBe(true)
  expect(given).toEqual([malformed, socket])
  server.on('custom', () => {
    throw new Error('of the user')
  })
  expect(() => server.emit('custom')).toThrow('of the user')
})

test('it is undone without a trace, and another watcher goes on', () => {
  const server = createServer()
  const keys = Reflect.ownKeys(server)
  const other = createMonitor({ storage: 'memory' })
  const heard: string[] = []
  const stop = watchServer(server, watcher(internalsOf(monitor).store, []))
  const stopOther = watchServer(server, watcher(internalsOf(other).store, heard))
  stop()
  failOn(server)
  expect(heard).toEqual(['refused undefined 400'])
  stopOther()
  stopOther()
  expect(Reflect.ownKeys(server)).toEqual(keys)
  expect(server.emit).toBe(EventEmitter.prototype.emit)
  return other.close()
})

test('somebody who has wrapped emit since is left alone, and it can be watched again', () => {
  const server = createServer()
  const heard: string[] = []
  const stop = watchServer(server, watcher(internalsOf(monitor).store, heard))
  const ours = server.emit
  const theirs = (...all: Parameters<typeof ours>): boolean => ours.apply(server, all)
  server.emit = theirs as typeof server.emit
  stop()
  expect(server.emit).toBe(theirs)
  failOn(server)
  expect(heard).toEqual([])
  watchServer(server, watcher(internalsOf(monitor).store, heard))
  failOn(server)
  expect(heard).toEqual(['refused undefined 400'])
})

test('one store is told once, however often it watches', () => {
  const server = createServer()
  const heard: string[] = []
  for (let i = 0; i < 3; i++) watchServer(server, watcher(internalsOf(monitor).store, heard))
  failOn(server)
  expect(heard).toEqual(['refused undefined 400'])
})

test('a connection that was lost is nobody who was refused', () => {
  const server = createServer()
  const heard: string[] = []
  watchServer(server, watcher(internalsOf(monitor).store, heard))
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
  server.emit('clientError', lost, new EventEmitter() as Duplex)
  expect(heard).toEqual([])
})

test('a watcher that fails harms nothing and is counted', async () => {
  const server = createServer()
  const failing = (): never => {
    throw new Error('of ours')
  }
  watchServer(server, { ...watcher(internalsOf(monitor).store, []), refused: failing, upgraded: failing })
  expect(server.emit('upgrade', {} as IncomingMessage, new EventEmitter() as Duplex, Buffer.alloc(0))).toBe(false)
  expect(failOn(server)).toBe(false)
  const family = (await monitor.snapshot()).families.find(({ name }) => name === 'promherd_internal_errors_total')
  expect(family?.values.get(family.labels.findIndex(([cause]) => cause === 'http'))).toBe(2)
})
