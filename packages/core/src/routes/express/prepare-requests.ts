import type { EventEmitter } from 'node:events'
import { shared } from '../../base/shared.ts'
import { reserve } from '../../http/exchange/followed-exchanges.ts'
import type { Recorder } from '../../http/recorder.ts'
import { seeRequests } from '../../http/watch/watch-server.ts'
import { createState } from './observe.ts'
import { propertyPredefiner } from './predefined-properties.ts'
import { outermost } from './template.ts'
import type { ExpressApp, ExpressRequest } from './types.ts'

/**
 * Prepares all later requests of the server of `request`, before Express is called with them: adding state to a request
 * is cheap as long as it has the prototype of Node. Recording begins later, in the middleware.
 */
export function prepareRequests(request: ExpressRequest, app: ExpressApp, recorder: Recorder): void {
  const { server } = request.socket as { server?: EventEmitter }
  if (server === undefined || PREPARED.has(server)) return
  PREPARED.add(server)
  const predefine = propertyPredefiner(server, outermost(app))
  seeRequests(server, (incoming, response) => {
    createState(incoming, response, recorder)
    reserve(response)
    predefine(incoming, response)
  })
}

const PREPARED = shared('prepared servers', () => new WeakSet<EventEmitter>())
