import { createServer, type IncomingMessage, type Server } from 'node:http'
import { instrumentServer } from '@promherd/core'
import type { Chapter } from '../law.ts'
import { closing, listening } from '../stage.ts'
import { Routes, routesSubject } from './asking.ts'

/** Answers the status that the path begins with. */
function answering(): Server {
  return createServer((request, response) => {
    response.statusCode = Number(request.url!.slice(1, 4))
    response.end()
  })
}

function templateOf(request: IncomingMessage): string | undefined {
  return request.url!.endsWith('/none') ? undefined : '/:status'
}

/** The labels of routes on a bare server. */
export const ON_NODE_HTTP: Chapter<Routes<Server>> = {
  title: 'Routes on node:http',
  about: 'A bare server has no routes. The option `route` returns the template; without it, each route is `_unknown`.',
  subjects: [
    routesSubject(
      'node:http',
      monitor =>
        new Routes(answering(), monitor, async server => ({
          url: await listening(server),
          close: () => closing(server),
        })),
    ),
  ],
  laws: [
    {
      sentence: 'without a route function each route is _unknown',
      async run(world) {
        instrumentServer(world.app, { monitor: world.monitor })
        await world.gives({ '/200/1': 200, '/404/2': 404 }, { 'GET _unknown 200': 1, 'GET _unknown 404': 1 })
      },
    },
    {
      sentence: 'the route is the result of the function',
      async run(world) {
        instrumentServer(world.app, { monitor: world.monitor, route: templateOf })
        await world.gives({ '/200/1': 200, '/404/2': 404 }, { 'GET /:status 200': 1, 'GET /:status 404': 1 })
      },
    },
    {
      sentence: 'if the function returns no route, a 404 is _unmatched and any other response is _middleware',
      async run(world) {
        instrumentServer(world.app, { monitor: world.monitor, route: templateOf })
        const answers = { '/404/none': 404, '/405/none': 405, '/501/none': 501, '/200/none': 200, '/401/none': 401 }
        const unmatched = { 'GET _unmatched 404': 1, 'GET _unmatched 405': 1, 'GET _unmatched 501': 1 }
        await world.gives(answers, { ...unmatched, 'GET _middleware 200': 1, 'GET _middleware 401': 1 })
      },
    },
    {
      sentence: "with `routes: 'inferred'` a template is inferred from a successful request, and never from a 404",
      async run(world) {
        instrumentServer(world.app, { monitor: world.monitor, routes: 'inferred' })
        const answers = {
          '/404/1': 404,
          '/200/1': 200,
          '/200/2?q=3': 200,
          '/500/3': 500,
          '/404/2/x': 404,
          '/302/x': 302,
        }
        const known = { 'GET /:number/:number 200': 2, 'GET /:number/:number 500': 1 }
        await world.gives(answers, { ...known, 'GET _unknown 404': 2, 'GET _unknown 302': 1 })
      },
    },
    {
      sentence: "with `routes: 'inferred'` the result of the function is kept",
      async run(world) {
        instrumentServer(world.app, { monitor: world.monitor, route: templateOf, routes: 'inferred' })
        const unrouted = { 'GET _unmatched 404': 1, 'GET /:number/none 200': 1 }
        await world.gives({ '/200/1': 200, '/404/none': 404, '/200/none': 200 }, { 'GET /:status 200': 1, ...unrouted })
      },
    },
  ],
}
