import type { EventEmitter } from 'node:events'
import { shared } from '../../base/shared.ts'
import { reserve } from '../../http/exchange/followed.ts'
import type { HttpRecorder } from '../../http/http-recorder.ts'
import { seeRequests } from '../../http/watch/watch-server.ts'
import { keepStateOf } from './observe.ts'
import { shaping } from './shape.ts'
import type { ExpressApp, ExpressRequest } from './types.ts'

/**
 * Prepares all later requests of the server of `request` before Express is called with them: adding state to a request
 * is cheap as long as its prototype is Node's. This records nothing yet: recording begins at the middleware.
 */
export function prepare(request: ExpressRequest, app: ExpressApp, recorder: HttpRecorder): void {
  const { server } = request.socket as { server?: EventEmitter }
  if (server === undefined || PREPARED.has(server)) return
  PREPARED.add(server)
  const shape = shaping(server, outermost(app))
  seeRequests(server, (incoming, response) => {
    keepStateOf(incoming, response, recorder)
    reserve(response)
    shape(incoming, response)
  })
}

const PREPARED = shared('prepared servers', () => new WeakSet<EventEmitter>())

function outermost(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : outermost(app.parent)
}
