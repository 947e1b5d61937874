import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { type MetricsHandlerOptions, MetricsResponder } from './metrics-reply.ts'
import { notCalled } from './misuse.ts'

/** Responds to requests of `node:http`, `node:https` or `node:http2` with the metrics. */
type MetricsHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void

/**
 * Returns a function that responds with the metrics of the herd, for a program on `node:http` without a framework. The
 * requests that it responds to are not recorded. Each adapter has one of its own for its framework.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_NOT_CALLED
 */
export function metricsHandler(options?: MetricsHandlerOptions): MetricsHandler
export function metricsHandler(options: MetricsHandlerOptions = {}, ...others: readonly unknown[]): MetricsHandler {
  if (others.length > 0) throw notCalled('metricsHandler', 'Write `const serveMetrics = metricsHandler()`.')
  const responder = new MetricsResponder(options)
  return function promherdMetrics(request, response) {
    // Both kinds of response have what is used here.
    void responder.send(request.headers, response as ServerResponse)
  }
}
