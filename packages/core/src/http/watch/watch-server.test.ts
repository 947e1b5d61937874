import { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../../monitor/internals.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import type { Store } from '../../store/store.ts'
import type { ExchangeOwner } from '../exchange/exchange-owner.ts'
import { watchServer } from './watch-server.ts'

let monitor: Monitor

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
})

afterEach(() => monitor.close())

/** An owner that adds the requests that Node refused to `counted`. */
function ownerOf(store: Store, counted: string[]): ExchangeOwner {
  const countUnfollowed = (method: string | undefined, _route: string, statusCode: number): void => {
    counted.push(`refused ${method} ${statusCode}`)
  }
  return { store, series: { countUnfollowed }, callbacks: { ignores: () => true } } as unknown as ExchangeOwner
}

/** A connection that fails to parse, and is closed without a response. */
function failOn(server: EventEmitter): boolean {
  const socket = new EventEmitter() as Duplex
  const isHandled = server.emit('clientError', malformed, socket)
  socket.emit('close')
  return isHandled
}

const malformed = Object.assign(new Error('malformed'), { code: 'HPE_INVALID_METHOD' })

test('emit takes, returns and throws the same as before', () => {
  const server = createServer()
  watchServer(server, ownerOf(internalsOf(monitor).store, []))
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

test('stopping restores the server, and another owner continues', () => {
  const server = createServer()
  const keys = Reflect.ownKeys(server)
  const other = createMonitor({ storage: 'memory' })
  const counted: string[] = []
  const stop = watchServer(server, ownerOf(internalsOf(monitor).store, []))
  const stopOther = watchServer(server, ownerOf(internalsOf(other).store, counted))
  stop()
  failOn(server)
  expect(counted).toEqual(['refused undefined 400'])
  stopOther()
  stopOther()
  expect(Reflect.ownKeys(server)).toEqual(keys)
  expect(server.emit).toBe(EventEmitter.prototype.emit)
  return other.close()
})

test('an emit that was wrapped since is not replaced, and the server can be watched again', () => {
  const server = createServer()
  const counted: string[] = []
  const stop = watchServer(server, ownerOf(internalsOf(monitor).store, counted))
  const ours = server.emit
  const theirs = (...all: Parameters<typeof ours>): boolean => ours.apply(server, all)
  server.emit = theirs as typeof server.emit
  stop()
  expect(server.emit).toBe(theirs)
  failOn(server)
  expect(counted).toEqual([])
  watchServer(server, ownerOf(internalsOf(monitor).store, counted))
  failOn(server)
  expect(counted).toEqual(['refused undefined 400'])
})

test('one store counts once, however often it watches', () => {
  const server = createServer()
  const counted: string[] = []
  for (let i = 0; i < 3; i++) watchServer(server, ownerOf(internalsOf(monitor).store, counted))
  failOn(server)
  expect(counted).toEqual(['refused undefined 400'])
})

test('a connection that was lost is no refused request', () => {
  const server = createServer()
  const counted: string[] = []
  watchServer(server, ownerOf(internalsOf(monitor).store, counted))
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
  server.emit('clientError', lost, new EventEmitter() as Duplex)
  expect(counted).toEqual([])
})

test('an owner that throws is counted and has no other effect', async () => {
  const server = createServer()
  const failing = (): never => {
    throw new Error('of promherd')
  }
  const owner = {
    store: internalsOf(monitor).store,
    series: { countUnfollowed: failing },
    callbacks: { ignores: failing },
  }
  watchServer(server, owner as unknown as ExchangeOwner)
  expect(server.emit('upgrade', {} as IncomingMessage, new EventEmitter() as Duplex, Buffer.alloc(0))).toBe(false)
  expect(failOn(server)).toBe(false)
  const family = (await monitor.snapshot()).families.find(({ name }) => name === 'promherd_internal_errors_total')
  expect(family?.values.get(family.labels.findIndex(([cause]) => cause === 'http'))).toBe(2)
})
