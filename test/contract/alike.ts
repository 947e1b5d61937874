import type { IncomingMessage, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { createMonitor } from '@promherd/core'
import { expect } from 'vitest'
import { PROGRAMS, type Program } from './alike-programs.ts'
import { ask } from './client.ts'
import { preloadedName, preloading } from './harnesses/preloading.ts'
import type { Chapter, Exception, Law, Subject } from './law.ts'
import { requestsOf } from './reading.ts'

/** The objects of a program: in the handler of each request, and its application at the end. */
interface Seen {
  readonly requests: readonly Sight[]
  readonly shown: unknown
}

interface Sight {
  readonly keys: readonly string[]
  readonly looks: readonly string[]
  readonly said: unknown
  readonly listeners: Readonly<Record<string, number>>
  /** The functions of the stack that are in files of promherd. */
  readonly ours: readonly string[]
}

/** A program with promherd and without. */
interface Alike {
  without(): Promise<Seen>
  recorded(): Promise<Seen>
}

const NOT_LOOKED_AT =
  'Express does not record which layer responded. promherd observes it in the method of each layer that calls its handler.'
const ONE_MORE =
  'The end of an exchange is an event: promherd has a listener for `close` on the response and one on its connection. Node ' +
  'warns of too many listeners one listener earlier.'

const LAWS: readonly Law<Alike>[] = [
  {
    sentence: 'requests and responses have the same keys and symbols, own and inherited, and are printed alike',
    async run(program) {
      const [without, recorded] = [await program.without(), await program.recorded()]
      const picked = ({ keys, looks }: Sight): unknown => ({ keys, looks })
      expect(recorded.requests.map(picked)).toEqual(without.requests.map(picked))
    },
  },
  {
    sentence: 'the properties that the framework sets on a request are the same',
    async run(program) {
      const [without, recorded] = [await program.without(), await program.recorded()]
      expect(recorded.requests.map(({ said }) => said)).toEqual(without.requests.map(({ said }) => said))
    },
  },
  {
    sentence: 'the application has the same handlers in the same lists at the same places',
    async run(program) {
      expect((await program.recorded()).shown).toEqual((await program.without()).shown)
    },
  },
  {
    sentence: 'the stack of an error has no line of promherd except that of the middleware itself',
    run: program => hasLines(program, []),
    cannot: {
      'Express 5': oursIs(NOT_LOOKED_AT, ['handleRequest']),
      'Express 4': oursIs(NOT_LOOKED_AT, ['handle', 'next']),
      [preloadedName('Fastify 5')]: oursIs('Fastify passes a request only to its hooks.', ['promherdHook']),
      [preloadedName('Hono 4')]: oursIs('Hono passes a request only to its handlers.', ['<anonymous>']),
    },
  },
  {
    sentence: 'responses and connections have the same listeners',
    async run(program) {
      const [without, recorded] = [await program.without(), await program.recorded()]
      expect(recorded.requests.map(({ listeners }) => listeners)).toEqual(
        without.requests.map(({ listeners }) => listeners),
      )
    },
    cannot: Object.fromEntries(PROGRAMS.map(({ name }) => [name, { reason: ONE_MORE, instead: hasOneMore }])),
  },
]

function oursIs(reason: string, functions: readonly string[]): Exception<Alike> {
  return { reason, instead: program => hasLines(program, functions) }
}

/** Expects exactly these functions of promherd in the stack. */
async function hasLines(program: Alike, functions: readonly string[]): Promise<void> {
  const { requests } = await program.recorded()
  expect([...new Set(requests.flatMap(({ ours }) => ours))].sort()).toEqual([...functions].sort())
}

async function hasOneMore(program: Alike): Promise<void> {
  const [without, recorded] = [await program.without(), await program.recorded()]
  const more = ({ listeners }: Sight): unknown => ({
    ...listeners,
    'response close': (listeners['response close'] ?? 0) + 1,
    'connection close': (listeners['connection close'] ?? 0) + 1,
  })
  expect(recorded.requests.map(({ listeners }) => listeners)).toEqual(without.requests.map(more))
}

function look(request: IncomingMessage, response: ServerResponse, said: unknown): Sight {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  const { stack = '' } = new Error('of the application')
  Error.stackTraceLimit = stackTraceLimit
  return {
    keys: [...keysOf(request), '', ...keysOf(response), '', ...keysOf(request.socket)],
    looks: [request, response].map(object => inspect(object, { depth: 0 }).replaceAll(/\d+/g, '#')),
    said,
    listeners: { ...listenersOf('response', response), ...listenersOf('connection', request.socket) },
    ours: stack
      .split('\n')
      .filter(line => OURS.test(line))
      .map(line => /at (?:async )?(?:new )?(?:[\w.]+\.)?([\w<>]+) [([]/.exec(line)?.[1] ?? '<anonymous>')
      .filter(name => name !== 'promherd'),
  }
}

/** Matches the files of promherd, however they were loaded. */
const OURS = /packages[\\/]\w+[\\/](?:dist|bundle|src)[\\/]/

function keysOf(object: object): string[] {
  const inherited: string[] = []
  for (const key in object) inherited.push(key)
  return [
    ...Reflect.ownKeys(object).map(String),
    ...inherited,
    JSON.stringify(['route', 'params'].map(key => key in object)),
  ]
}

function listenersOf(name: string, emitter: NodeJS.EventEmitter): Record<string, number> {
  return Object.fromEntries(
    emitter.eventNames().map(event => [`${name} ${String(event)}`, emitter.listenerCount(event)]),
  )
}

/** Runs a program for three requests, each on a new connection. */
async function run(program: Program, monitor?: Parameters<Program['start']>[0]): Promise<Seen> {
  const requests: Sight[] = []
  const running = await program.start(monitor, (...seen) => void requests.push(look(...seen)))
  try {
    for (let i = 0; i < 3; i++) expect((await ask(`${running.url}/api/items/${i}`)).body).toBe('item')
    return { requests, shown: running.shown() }
  } finally {
    await running.close()
  }
}

function subject(program: Program, isPreloaded: boolean): Subject<Alike> {
  const { name } = program
  return {
    name: isPreloaded ? preloadedName(name) : name,
    like: isPreloaded ? name : undefined,
    async within(use) {
      const monitor = createMonitor({ storage: 'memory' })
      try {
        await use({
          without: () => run(program),
          recorded: () => (isPreloaded ? preloading(monitor, {}, () => run(program)) : run(program, monitor)),
        })
        const counts = Object.values(await requestsOf(monitor))
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3)
      } finally {
        await monitor.close()
      }
    },
  }
}

/** Law 7, for the objects that a program can inspect. */
export const ALIKE: Chapter<Alike> = {
  title: 'What a program sees of itself',
  about:
    'With promherd and without, the objects of a program look the same. A program with an adapter is compared to ' +
    'one with a middleware that does nothing, and a program with the preload to one without it.',
  subjects: [...PROGRAMS.map(program => subject(program, false)), ...PROGRAMS.map(program => subject(program, true))],
  laws: LAWS,
}
