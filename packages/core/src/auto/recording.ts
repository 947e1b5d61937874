import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf } from '../http/exchange/followed-exchanges.ts'
import type { HttpRecorder } from '../http/http-recorder.ts'
import { type RequestServer, seeRequestsFirst } from '../http/watch/watch-server.ts'
import { ExpressServer } from './hooks/express.ts'
import { hookFrameworks } from './hooks/hook-frameworks.ts'
import { routeOf } from './hooks/route.ts'

/**
 * Records the responses of the servers of a process. It runs before all other recorders, and yields to them: an
 * exchange that an adapter records as well is recorded once, with the options of the adapter.
 */
export class Recording {
  readonly #recorder: HttpRecorder
  readonly #servers = new WeakSet<RequestServer>()

  constructor(recorder: HttpRecorder) {
    this.#recorder = recorder
  }

  /** Records all requests of `server` from now on. Never throws. */
  measure(server: RequestServer): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    const recorder = this.#recorder
    const express = new ExpressServer(server, recorder)
    hookFrameworks(server, recorder)
    let isFirst = true
    const begin = (request: IncomingMessage, response: ServerResponse): void => {
      if (isFirst) {
        // Find frameworks that did not exist yet when the server began to listen.
        isFirst = false
        express.findApps()
        hookFrameworks(server, recorder)
      }
      if (exchangeOf(response, recorder.store) !== undefined) return
      recorder.follow(request, response, routeOf, request)
      express.begin(request, response)
    }
    recorder.watch(server, routeOf)
    seeRequestsFirst(server, begin)
  }
}
