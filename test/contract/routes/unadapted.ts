import { createMonitor, instrumentServer, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { ask } from '../client.ts'
import { preloadedName, preloading } from '../harnesses/preloading.ts'
import type { Chapter, Exception, Subject } from '../law.ts'
import { internalErrorsOf, settled } from '../reading.ts'
import { PROGRAMS, type Program, type Serving } from './unadapted-programs.ts'

/** A running program that is recorded. */
interface World extends Serving {
  readonly program: Program
  readonly monitor: Monitor
  /** Sends a request for a path, and expects this status and this one record. */
  gives(path: string, status: number, record: string): Promise<void>
}

function subjectOf(program: Program): Subject<World> {
  return {
    name: program.name,
    within: use =>
      recording(async monitor => {
        const serving = await program.start(program.name.startsWith('Feathers') ? monitor : undefined)
        if (serving.server !== undefined) instrumentServer(serving.server, { monitor })
        await serve(program, monitor, serving, use)
      }),
  }
}

function preloadedSubject(program: Program): Subject<World> {
  return {
    name: preloadedName(program.name),
    like: program.name,
    within: use =>
      recording(monitor => preloading(monitor, {}, async () => serve(program, monitor, await program.start(), use))),
  }
}

async function recording(use: (monitor: Monitor) => Promise<void>): Promise<void> {
  const monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
  try {
    await use(monitor)
    expect(await internalErrorsOf(monitor)).toEqual({})
  } finally {
    await monitor.close()
  }
}

async function serve(
  program: Program,
  monitor: Monitor,
  serving: Serving,
  use: (world: World) => Promise<void>,
): Promise<void> {
  const gives = async (path: string, status: number, record: string): Promise<void> => {
    expect((await ask(serving.url + path)).status).toBe(status)
    await settled(monitor, { [`GET ${record}`]: 1 })
  }
  try {
    await use({ ...serving, program, monitor, gives })
  } finally {
    await serving.close()
  }
}

const SUBJECTS: readonly Subject<World>[] = [
  ...PROGRAMS.filter(({ listensByItself }) => !listensByItself).map(subjectOf),
  ...PROGRAMS.map(preloadedSubject),
]

const TINYHTTP: Exception<World> = {
  reason:
    'tinyhttp reports a route only with its setting `enableReqRoute` and, for mounted applications, `bindAppToReqRes`. Without them it is `_unknown`.',
  instead: async ({ gives, program }) => gives(program.item[0], 200, '_unknown 200'),
}

const ONE_ENDPOINT: Exception<World> = {
  reason: 'It has one endpoint and cannot mount others.',
  instead: async ({ gives, program }) => gives(program.item[0], 200, `${program.item[1]} 200`),
}

/** The labels of routes on frameworks that have no adapter. */
export const ON_UNADAPTED: Chapter<World> = {
  title: 'Routes of frameworks without an adapter',
  about:
    'Programs on frameworks that have no adapter, recorded by `instrumentServer` and by the preload. A route is ' +
    'the template with which the program registered it, in the notation of the framework. `/*` is the route of a ' +
    'program that handles all paths in the same way. If a framework creates its server and calls `listen` itself, ' +
    '`instrumentServer` cannot recognise it, but the preload can. Feathers is recorded by the adapters of Koa and ' +
    'Express. In a bundle (esbuild, rolldown, webpack, the output of Nitro 2 and 3), minified or not, the preload ' +
    'finds the routes of Express, Fastify, restify, Next.js, moleculer-web, GraphQL Yoga and tRPC, and those of ' +
    'Koa, Hono, hapi, polka and h3 in the scopes of their listeners. Not found in a bundle are the route of ' +
    'Apollo standalone (`_unknown`), the 404s of NestJS (they have the route of the platform that handled them), ' +
    'and the paths of servers of `ws` and socket.io (`_unknown`). If a process may not use the inspector ' +
    '(`--permission`), Koa, Hono, hapi, polka, tRPC and h3 are `_unknown` in a bundle, and h3 and tRPC also ' +
    'without one.',
  subjects: SUBJECTS,
  laws: [
    {
      sentence: 'a request has the template of its route',
      cannot: { 'tinyhttp 3': TINYHTTP },
      run: ({ gives, program: { item } }) => gives(item[0], 200, `${item[1]} 200`),
    },
    {
      sentence: 'a route of a mounted application or router has the whole template',
      cannot: {
        'tinyhttp 3': TINYHTTP,
        'GraphQL Yoga 5': ONE_ENDPOINT,
        [preloadedName('Apollo 5 standalone')]: ONE_ENDPOINT,
      },
      run: ({ gives, program: { mounted } }) => gives(mounted![0], 200, `${mounted![1]} 200`),
    },
    {
      sentence: 'a request without a matching route is _unmatched, and a path is never a label',
      cannot: {
        'tinyhttp 3': {
          reason: TINYHTTP.reason,
          instead: ({ gives }) => gives('/secret/4', 404, '_unknown 404'),
        },
        [preloadedName('Apollo 5 standalone')]: {
          reason: 'It responds to GraphQL on any path.',
          instead: ({ gives }) => gives('/secret/4?query={hello}', 200, '/* 200'),
        },
      },
      run: ({ gives }) => gives('/secret/4', 404, '_unmatched 404'),
    },
  ],
}
