import { MetricsResponder, recorderFor } from '@promherd/core/adapter'

/**
 * An adapter for hapi, written from docs/writing-an-adapter.md:
 * `await server.register({ plugin: prometheus, options: {} })`, before the routes.
 */
export const prometheus = {
  name: 'prometheus',
  register(server, options) {
    const recorder = recorderFor(options)
    // Runs before all routes, so it can also count what hapi refuses before this hook.
    recorder.coverServers()
    recorder.watch(server.listener)
    server.ext('onRequest', (request, h) => {
      const { req, res } = request.raw
      recorder.follow(req, res, routeOf, request)
      return h.continue
    })
    server.ext('onPreResponse', (request, h) => {
      // An error that a handler threw, or a response that was created from one.
      if (request.response instanceof Error) recorder.fail(request.raw.res, request.response)
      return h.continue
    })
  },
}

/** The template of the route; undefined if no route matched, for which hapi has routes of its own. */
function routeOf({ route }) {
  return route.method === '_special' ? undefined : route.path
}

/** The metrics of the herd: `server.route({ method: 'GET', path: '/metrics', handler: metricsHandler() })`. */
export function metricsHandler(options) {
  const responder = new MetricsResponder(options)
  return async (request, h) => {
    const { status, headers, pieces } = await responder.reply(request.headers, request.raw.res)
    const response = h.response(Buffer.concat(pieces)).code(status)
    for (const [name, value] of Object.entries(headers)) response.header(name, value)
    return response
  }
}
