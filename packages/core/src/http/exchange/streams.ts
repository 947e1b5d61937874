import { isEventStream } from '../response/event-stream.ts'
import { openExchanges } from './connection.ts'

/**
 * Streams of events (SSE). They last as long as the client listens, so their duration says nothing about the speed of a
 * service.
 *
 * Checking each response when its headers are sent would cost time for all responses. So open responses are checked
 * when numbers are read, and each response once more when it has closed.
 */

/** Returns a function that marks the open streams of `store`. It must be called before the numbers are read. */
export function streamSampler(store: object): () => void {
  return () => {
    for (const exchange of openExchanges(store)) {
      const { owner, request, response, stream } = exchange
      if (stream !== undefined || owner.hasYielded || !response.headersSent) continue
      if (isEventStream(request, response)) owner.series.becomeStream(exchange, 'sse')
    }
  }
}
