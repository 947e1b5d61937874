import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { createMonitor, instrumentServer, type Monitor } from '@promherd/core'
import type { initTRPC } from '@trpc/server'
import { expect } from 'vitest'
import { preloadedName, preloading } from '../harnesses/preloading.ts'
import type { Chapter, Law, Subject } from '../law.ts'
import { internalErrorsOf, settled } from '../reading.ts'
import { closing, listening } from '../stage.ts'

/** Routers that a law serves, and the requests that it sends. */
interface World {
  readonly trpc: Version
  /**
   * Serves a router, with `basePath` where the version has one, sends each request (`/items.get`, or `POST /items.add`)
   * and expects its status, then exactly these records.
   */
  gives(answers: Record<string, number>, requests: Record<string, number>, options?: Serve): Promise<void>
}

interface Serve {
  readonly basePath?: string
  /** By a listener of the program that calls the one of tRPC. */
  readonly isWrapped?: boolean
  readonly pathSeparator?: string
  readonly middleware?: unknown
  readonly allowMethodOverride?: boolean
}

type Builder = ReturnType<(typeof initTRPC)['create']>

interface Version {
  readonly number: 10 | 11
  readonly builder: (options: object) => Builder
  readonly serverOf: (options: object) => Server
  readonly handlerOf: (options: object) => Parameters<typeof createServer>[1]
}

const require = createRequire(import.meta.url)

function versionOf(number: 10 | 11, name: string): Version {
  const { initTRPC: init } = require(name) as { initTRPC: { create(options: object): Builder } }
  const adapter = require(`${name}/adapters/standalone`) as {
    createHTTPServer(options: object): Server & { readonly server?: Server }
    createHTTPHandler: Version['handlerOf']
  }
  return {
    number,
    builder: options => init.create(options),
    serverOf(options) {
      const made = adapter.createHTTPServer(options)
      return made.server ?? made
    },
    handlerOf: adapter.createHTTPHandler,
  }
}

function routerOf({ builder }: Version, options: object): object {
  const { router, procedure } = builder(options)
  return router({
    hello: procedure.query(() => 'hello'),
    items: router({
      get: procedure.query(() => 'item'),
      add: procedure.mutation(() => 'added'),
      nested: router({ list: procedure.query(() => []) }),
      broken: procedure.query(() => {
        throw new Error('broken')
      }),
    }),
  })
}

async function serving(trpc: Version, { isWrapped, pathSeparator, ...options }: Serve): Promise<Server> {
  const router = routerOf(trpc, pathSeparator === undefined ? {} : { pathSeparator })
  const given = { router, onError() {}, ...options }
  if (isWrapped !== true) return trpc.serverOf(given)
  const handler = trpc.handlerOf(given)!
  return createServer((request, response) => handler(request, response))
}

const LAWS: readonly Law<World>[] = [
  {
    sentence: 'the route of a procedure is its path in the router, with any status',
    run: ({ gives }) =>
      gives(
        {
          '/hello': 200,
          '/items.get?input=%7B%7D': 200,
          '/items.nested.list': 200,
          '/items.broken': 500,
          'POST /items.add': 200,
          'HEAD /hello': 204,
        },
        {
          'GET /hello 200': 1,
          'GET /items.get 200': 1,
          'GET /items.nested.list 200': 1,
          'GET /items.broken 500': 1,
          'POST /items.add 200': 1,
          'HEAD /hello 204': 1,
        },
      ),
  },
  {
    sentence: 'a call without a procedure is _unmatched: an unknown name, the name of a property, a query with POST',
    run: ({ gives, trpc }) =>
      gives(
        {
          '/none': 404,
          '/items': 404,
          '/constructor': 404,
          '/__proto__': 404,
          '/items.get.more': 404,
          '/': 404,
          'POST /hello': trpc.number === 10 ? 404 : 405,
        },
        { 'GET _unmatched 404': 6, [`POST _unmatched ${trpc.number === 10 ? 404 : 405}`]: 1 },
      ),
  },
  {
    sentence: 'a batch of one procedure has its route, a batch of several is _batch, and an empty batch is _unmatched',
    run: ({ gives }) =>
      gives(
        {
          '/hello?batch=1&input=%7B%7D': 200,
          '/hello,hello?batch=1&input=%7B%7D': 200,
          '/hello,items.get?batch=1&input=%7B%7D': 200,
          '/items.get,hello,items.nested.list?batch=1&input=%7B%7D': 200,
          '/hello,items.get,none?batch=1&input=%7B%7D': 207,
          '/none,unknown?batch=1&input=%7B%7D': 404,
          // Without `batch` it is one name, which the router does not have.
          '/hello,items.get': 404,
        },
        {
          'GET /hello 200': 2,
          'GET _batch 200': 2,
          'GET _batch 207': 1,
          'GET _unmatched 404': 2,
        },
      ),
  },
  {
    sentence: 'a request that a listener of the program passes to tRPC has the route of tRPC',
    run: ({ gives }) =>
      gives({ '/hello': 200, '/none': 404 }, { 'GET /hello 200': 1, 'GET _unmatched 404': 1 }, { isWrapped: true }),
  },
  {
    sentence: 'a path in another case or with escapes is never a label',
    run: ({ gives, trpc }) =>
      trpc.number === 10
        ? gives(
            { '/HELLO': 404, '/items%2Eget?batch=1&input=%7B%7D': 200 },
            { 'GET _unmatched 404': 1, 'GET /items.get 200': 1 },
          )
        : gives(
            { '/HELLO': 404, '/items%2Eget': 200, '/%69tems.get': 200, '/%E0%A4%A': 400 },
            { 'GET _unmatched 404': 1, 'GET /items.get 200': 2, 'GET _middleware 400': 1 },
          ),
  },
  {
    sentence: 'a response from a middleware of tRPC is _middleware unless it belongs to a procedure',
    run: ({ gives }) =>
      gives(
        { 'OPTIONS /hello': 204, '/hello': 200, '/ping': 200 },
        { 'OPTIONS _middleware 204': 1, 'GET /hello 200': 1, 'GET _middleware 200': 1 },
        {
          middleware(
            request: { method: string; url: string },
            response: { statusCode: number; end(): void },
            next: () => void,
          ) {
            if (request.method !== 'OPTIONS' && request.url !== '/ping') return next()
            response.statusCode = request.method === 'OPTIONS' ? 204 : 200
            response.end()
          },
        },
      ),
  },
  {
    sentence: 'a base path is a part of the route',
    cannot: Object.fromEntries(
      ['tRPC 10', preloadedName('tRPC 10')].map(name => [
        name,
        {
          reason: 'tRPC 10 has no such option.',
          instead: ({ gives }) => gives({ '/trpc/hello': 404 }, { 'GET _unmatched 404': 1 }),
        },
      ]),
    ),
    run: ({ gives }) =>
      gives(
        {
          '/trpc/hello': 200,
          '/trpc/hello,items.get?batch=1&input=%7B%7D': 200,
          '/abcd/hello': 200,
          '/trpc/none': 404,
        },
        { 'GET /trpc/hello 200': 2, 'GET _batch 200': 1, 'GET _unmatched 404': 1 },
        { basePath: '/trpc/' },
      ),
  },
]

function subjectOf(name: string, trpc: Version, isPreloaded: boolean): Subject<World> {
  return {
    name: isPreloaded ? preloadedName(name) : name,
    async within(use) {
      const monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
      try {
        await use({
          trpc,
          gives: (answers, requests, options = {}) => giving(monitor, trpc, isPreloaded, answers, requests, options),
        })
        expect(await internalErrorsOf(monitor)).toEqual({})
      } finally {
        await monitor.close()
      }
    },
  }
}

async function giving(
  monitor: Monitor,
  trpc: Version,
  isPreloaded: boolean,
  answers: Record<string, number>,
  requests: Record<string, number>,
  options: Serve,
): Promise<void> {
  const server = await serving(trpc, options)
  if (!isPreloaded) instrumentServer(server, { monitor })
  const url = isPreloaded ? await preloading(monitor, {}, () => listening(server)) : await listening(server)
  try {
    for (const [asked, status] of Object.entries(answers)) {
      const [path, method = 'GET'] = asked.split(' ').reverse()
      const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}
      const answer = await fetch(url + path, { method, ...body })
      await answer.text()
      expect([asked, answer.status]).toEqual([asked, status])
    }
    await settled(monitor, requests)
  } finally {
    await closing(server)
  }
}

const VERSIONS: Readonly<Record<string, Version>> = {
  'tRPC 11': versionOf(11, '@trpc/server'),
  'tRPC 10': versionOf(10, 'trpc-10'),
}

/** The labels of routes on the standalone server of tRPC. */
export const ON_TRPC: Chapter<World> = {
  title: 'Routes on tRPC',
  about:
    'The standalone server of tRPC, recorded by `instrumentServer` and by the preload. A route is the path of a ' +
    'procedure of the router. A request can call several procedures: its route is `_batch`, since there is a URL ' +
    'for each combination. The router is read from the scope of the listener, which takes the inspector of V8 for ' +
    'some milliseconds when the server begins to listen. If a process may not use it (`--permission`), or if ' +
    'another listener calls the one of tRPC and does more than that, routes are `_unknown`. On other frameworks ' +
    '(Express, Fastify, Next.js) the route is the mount path of tRPC.',
  subjects: [false, true].flatMap(isPreloaded =>
    Object.entries(VERSIONS).map(([name, trpc]) => subjectOf(name, trpc, isPreloaded)),
  ),
  laws: LAWS,
}
