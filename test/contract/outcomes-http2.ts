import { once } from 'node:events'
import { constants } from 'node:http2'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { closed } from './client.ts'
import type { Chapter, Law } from './law.ts'
import { PATIENT } from './outcome-world.ts'
import { HTTP2_SUBJECTS, type Http2World } from './outcome-world-http2.ts'
import { numberOf, requestsOf, secondsOf, streamsOf } from './reading.ts'

function resets(name: string, code: number): Law<Http2World> {
  return {
    sentence: `a stream that the client resets as ${name} is an abort, before the headers and after`,
    async run(world) {
      const waiting = world.ask('hold')
      await expect.poll(() => world.stage.entered, PATIENT).toBe(1)
      waiting.close(code)
      await world.recorded(499)
      const stream = world.ask('stream')
      await once(stream, 'data')
      stream.close(code)
      await world.settled({ 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1 })
      await world.failed('client_abort', 2)
    },
  }
}

function events(path: string, how: string): Law<Http2World> {
  return {
    sentence: `an event stream ${how} is counted, and neither timed nor in flight`,
    async run(world) {
      const { monitor } = world
      const stream = world.ask(path)
      await once(stream, 'response')
      await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
      stream.close(constants.NGHTTP2_CANCEL)
      await world.recorded(200)
      expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
      expect(await secondsOf(monitor)).toBe(0)
      await world.hasErrors({})
    },
  }
}

const LAWS: readonly Law<Http2World>[] = [
  {
    sentence: 'the duration of a body in several chunks ends with the last chunk',
    async run(world) {
      const { monitor, stage } = world
      const body = text(world.ask('stream'))
      await expect.poll(() => stage.entered, PATIENT).toBe(1)
      const since = performance.now()
      await expect.poll(() => performance.now() - since, PATIENT).toBeGreaterThan(50)
      expect(await requestsOf(monitor)).toEqual({})
      stage.release()
      expect(await body).toBe('first last')
      await world.recorded(200)
      expect(await secondsOf(monitor)).toBeGreaterThanOrEqual(stage.heldSeconds)
      expect(stage.heldSeconds).toBeGreaterThan(0.05)
      await world.hasErrors({})
    },
  },
  resets('cancelled', constants.NGHTTP2_CANCEL),
  resets('an internal error', constants.NGHTTP2_INTERNAL_ERROR),
  {
    sentence: 'no request stays in flight when the session is closed',
    async run(world) {
      world.ask('hold')
      world.ask('hold')
      await expect.poll(() => world.stage.entered, PATIENT).toBe(2)
      world.leave()
      await world.recorded(499, 2)
      await world.failed('client_abort', 2)
    },
  },
  {
    sentence: 'a stream that fails during the response is an exception',
    async run(world) {
      await closed(world.ask('broken'))
      await world.recorded(200)
      await world.failed('exception')
    },
  },
  {
    sentence: 'a response that the server destroys is not an abort of the client',
    async run(world) {
      await closed(world.ask('destroyed'))
      await world.recorded(500)
      await world.failed('server_error')
    },
  },
  {
    sentence: 'a session that is idle for longer than the timeout of the server is a timeout',
    async run(world) {
      world.leave()
      world.server.setTimeout(50)
      await world.connect()
      world.ask('hold')
      await world.recorded(500)
      await world.failed('timeout')
    },
  },
  events('events', 'whose type is passed to `writeHead`'),
  events('set-events', 'whose type is set before `writeHead`'),
]

/** How exchanges end over HTTP/2. */
export const OUTCOMES_HTTP2: Chapter<Http2World> = {
  title: 'How exchanges end over HTTP/2',
  about:
    'The same handlers on an HTTP/2 server, for each framework that supports it. Express does not; restify does over TLS only.',
  subjects: HTTP2_SUBJECTS,
  laws: LAWS,
}
