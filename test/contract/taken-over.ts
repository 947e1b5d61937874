import type { Server } from 'node:http'
import { createMonitor, instrumentServer } from '@promherd/core'
import { expect } from 'vitest'
import { preloadedName, recordingInto } from './harnesses/preloading.ts'
import type { Chapter, Law } from './law.ts'
import { answering, KINDS, subjectOf, type TakenOver } from './taken-over-world.ts'

const LAWS: readonly Law<TakenOver>[] = [
  {
    sentence: 'each request is recorded once, even if the listeners of a server are replaced',
    async run(world) {
      const server = world.serving('first')
      world.watch(server)
      await world.answers([server, 'first'])
      server.removeAllListeners('request')
      server.on('request', answering('second'))
      await world.answers([server, 'second'])
      const [second] = server.listeners('request')
      server.removeListener('request', second as () => void)
      server.once('request', answering('third'))
      await world.answers([server, 'third'])
      server.addListener('request', answering('fourth'))
      await world.answers([server, 'fourth'])
      await world.counted(4)
    },
  },
  {
    sentence:
      'a listener that handles some requests and passes the others to earlier listeners records each request once',
    async run(world) {
      const server = world.serving('application')
      world.watch(server)
      // As socket.io and engine.io attach to a server.
      const found = server.listeners('request').slice() as ReturnType<typeof answering>[]
      server.removeAllListeners('request')
      let asked = 0
      server.on('request', (request, response) => {
        if (asked++ === 0) response.end('engine')
        else for (const listener of found) listener.call(server, request, response)
      })
      await world.answers([server, 'engine'], [server, 'application'])
      await world.counted(2)
    },
  },
  {
    sentence: 'listeners that are added before, after and in front are called in the same order as without promherd',
    async run(world) {
      const server = world.serving()
      const called: string[] = []
      const calling = (name: string) => (): void => void called.push(name)
      server.on('request', calling('before'))
      world.watch(server)
      server.on('request', answering('answer'))
      server.prependListener('request', calling('in front'))
      server.prependOnceListener('request', calling('once in front'))
      server.once('request', calling('once'))
      await world.answers([server, 'answer'], [server, 'answer'])
      const each = ['in front', 'before']
      expect(called).toEqual(['once in front', ...each, 'once', ...each])
      await world.counted(2)
    },
  },
  {
    sentence: 'a server has only the listeners, keys and symbols of the application',
    async run(world) {
      const server = world.serving('answer')
      const before = shownBy(server)
      world.watch(server)
      expect(shownBy(server)).toEqual(before)
      await world.answers([server, 'answer'])
      expect(shownBy(server).listeners.request).toEqual(before.listeners.request)
      const { keys } = shownBy(server)
      expect(keys.filter(key => /promherd/i.test(key))).toEqual([])
      const plain = world.serving('answer')
      await world.answers([plain, 'answer'])
      expect(keys).toEqual(shownBy(plain).keys)
      await world.counted(1)
    },
  },
  {
    sentence: 'the prototype of a server is that of its class',
    async run(world) {
      const server = world.serving('answer')
      world.watch(server)
      expect(Object.getPrototypeOf(server)).toBe(Object.getPrototypeOf(world.serving('answer')))
    },
    cannot: Object.fromEntries(
      KINDS.map(({ name }) => [
        name,
        {
          reason:
            'Node emits upgrades and refused requests as events, and a listener would change their handling: `emit` is an accessor, on a ' +
            'prototype between the server and its class. An error from a listener of an event other than `request` has its ' +
            'line in the stack.',
          async instead(world: TakenOver) {
            const server = world.serving('answer')
            world.watch(server)
            const above = Object.getPrototypeOf(server)
            expect(Reflect.ownKeys(above)).toEqual(['emit'])
            expect(Object.getPrototypeOf(above)).toBe(Object.getPrototypeOf(world.serving('answer')))
            expect([server.emit.name, server.emit.length]).toEqual(['emit', 1])
          },
        },
      ]),
    ),
  },
  {
    sentence: 'an `emit` that the application assigns is kept, and is called with each event',
    async run(world) {
      const server = world.serving('answer')
      world.watch(server)
      const { emit } = server
      const emitted: unknown[] = []
      const theirs = (event: string, ...rest: unknown[]): boolean => {
        if (event === 'request') emitted.push(event)
        return Reflect.apply(emit, server, [event, ...rest])
      }
      server.emit = theirs as typeof server.emit
      expect(server.emit).toBe(theirs)
      await world.answers([server, 'answer'], [server, 'answer'])
      expect(emitted).toEqual(['request', 'request'])
      await world.counted(2)
    },
  },
  {
    sentence: 'a server that is already listening is recorded from then on',
    async run(world) {
      const server = world.serving('answer')
      await world.answers([server, 'answer'])
      world.watch(server)
      await world.answers([server, 'answer'], [server, 'answer'])
      await world.counted(2)
    },
  },
  {
    sentence: 'several servers are recorded together; a server without promherd is not',
    async run(world) {
      const servers = ['one', 'two', 'three'].map(text => world.serving(text))
      for (const server of servers) world.watch(server)
      const other = world.serving('other')
      const [one, two, three] = servers as [Server, Server, Server]
      await world.answers([one, 'one'], [two, 'two'], [other, 'other'], [three, 'three'], [one, 'one'])
      await world.counted(4)
    },
  },
  {
    sentence: 'each of several monitors of a server records every request',
    async run(world) {
      const other = createMonitor({ storage: 'memory' })
      const server = world.serving('first')
      world.watch(server)
      world.watch(server, other)
      await world.answers([server, 'first'])
      server.removeAllListeners('request')
      server.on('request', answering('second'))
      await world.answers([server, 'second'])
      await world.counted(2)
      await world.counted(2, other)
      await other.close()
    },
  },
  {
    sentence: 'a listener that throws has no line of promherd in its stack',
    run: world => hasCleanStack(world, []),
    cannot: Object.fromEntries(
      ['node:http2', 'node:http2 over TLS'].map(name => [
        name,
        {
          reason:
            'Node 20 publishes no HTTP/2 requests on a diagnostics channel. promherd observes them in `emit` of the server.',
          instead: (world: TakenOver) => hasCleanStack(world, ['emit', 'emit']),
        },
      ]),
    ),
  },
]

/** Expects exactly these functions of promherd in the stack of a listener. */
async function hasCleanStack(world: TakenOver, functions: readonly string[]): Promise<void> {
  const server = world.serving()
  world.watch(server)
  let stack = ''
  server.on('request', (_request, response) => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 100
    stack = new Error('of the application').stack ?? ''
    Error.stackTraceLimit = stackTraceLimit
    response.end('answer')
  })
  await world.answers([server, 'answer'])
  const ours = stack.split('\n').filter(line => OURS.test(line))
  expect(ours.map(line => /at \w+\.(\w+)/.exec(line)?.[1])).toEqual(functions)
  await world.counted(1)
}

/** Matches the files of promherd, however they were loaded. */
const OURS = /packages[\\/]\w+[\\/](?:dist|bundle|src)[\\/]/

/** The observable properties of a server, as data. */
function shownBy(server: Server): { listeners: Record<string, unknown[]>; keys: string[] } {
  const listeners = server.eventNames().map(event => [String(event), server.rawListeners(event as 'request')])
  const inherited: string[] = []
  for (const key in server) inherited.push(key)
  const symbols = Object.getOwnPropertySymbols(server).map(String)
  return { listeners: Object.fromEntries(listeners), keys: [...Object.keys(server), ...symbols, ...inherited].sort() }
}

/** `instrumentServer` and the preload record each request without visible changes of the server. */
export const TAKEN_OVER: Chapter<TakenOver> = {
  title: 'Servers that are taken over',
  about:
    'Each response of a server is recorded, whichever listener sends it: other packages remove the listeners of a ' +
    'server, add their own, or wrap its `emit`. The recording is by `instrumentServer` or by the preload.',
  subjects: KINDS.flatMap(kind => [
    subjectOf(kind, kind.name, (server, monitor) => instrumentServer(server, { monitor })),
    {
      ...subjectOf(kind, preloadedName(kind.name), (server, monitor) => {
        recordingInto(monitor).measure(server)
        return () => {}
      }),
      like: kind.name,
    },
  ]),
  laws: LAWS,
}
