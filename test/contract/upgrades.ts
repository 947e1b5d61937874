import { once } from 'node:events'
import { expect } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ask, closed, dial } from './client.ts'
import type { Chapter, Law } from './law.ts'
import { PLAIN } from './outcome-harnesses.ts'
import { OUTCOME_SUBJECTS, type OutcomeWorld, PATIENT } from './outcome-world.ts'
import { numberOf, requestsOf, secondsOf, streamsOf } from './reading.ts'
import { listening } from './stage.ts'
import { STREAMS } from './streams.ts'

/** These adapters know the server at once, the others with the first request. */
const AT_ONCE = ['Fastify 5', PLAIN]

/** A server with WebSockets at `/socket`, and its records. */
interface Sockets {
  readonly url: string
  /** The URL of the WebSocket. */
  readonly at: (path: string) => string
  readonly server: WebSocketServer
  /** The records before the first upgrade. */
  readonly first: Readonly<Record<string, number>>
  /** The record of a handshake that no server accepts. */
  readonly route: string
}

function upgrades(sentence: string, run: (world: OutcomeWorld, sockets: Sockets) => Promise<void>): Law<OutcomeWorld> {
  return {
    sentence,
    async run(world) {
      const http = await world.make()
      const server = new WebSocketServer({ server: http, path: '/socket' })
      server.on('connection', socket => socket.on('message', message => socket.send(`heard ${String(message)}`)))
      const url = await listening(http)
      const isSeen = world.isPreloaded || AT_ONCE.includes(world.name)
      const first: Record<string, number> = isSeen ? {} : { 'GET /raw/:name 200': 1 }
      if (!isSeen) expect((await ask(`${url}/raw/item`)).status).toBe(200)
      const route = world.name === PLAIN ? '_middleware' : '_unknown'
      try {
        await run(world, { url, at: path => url.replace('http', 'ws') + path, server, first, route })
      } finally {
        for (const socket of server.clients) socket.terminate()
      }
    },
  }
}

const UPGRADES: readonly Law<OutcomeWorld>[] = [
  upgrades('a WebSocket is open until it closes, and is counted then', async (world, { at, first }) => {
    const { monitor } = world
    const socket = new WebSocket(at('/socket'))
    await once(socket, 'open')
    socket.send('one')
    expect(String((await once(socket, 'message'))[0])).toBe('heard one')
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 1 })
    expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
    const secondsBefore = await secondsOf(monitor)
    expect(await requestsOf(monitor)).toEqual(first)
    socket.close()
    await world.settled({ ...first, 'GET /socket 101': 1 })
    await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 0, upgrade: 0 })
    expect(await secondsOf(monitor)).toBe(secondsBefore)
    await world.hasErrors({})
  }),
  upgrades('a WebSocket that either side destroys is no error', async (world, { at, first, server }) => {
    const { monitor } = world
    const cut = new WebSocket(at('/socket'))
    await once(cut, 'open')
    cut.terminate()
    await world.settled({ ...first, 'GET /socket 101': 1 })
    const dropped = new WebSocket(at('/socket'))
    await once(dropped, 'open')
    for (const socket of server.clients) socket.terminate()
    await world.settled({ ...first, 'GET /socket 101': 2 })
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
    await world.hasErrors({})
  }),
  upgrades('a refused handshake is recorded as a plain response', async (world, { at, first, route }) => {
    const socket = new WebSocket(at('/elsewhere'))
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('400')
    await world.settled({ ...first, [`GET ${route} 400`]: 1 })
    expect(await streamsOf(world.monitor)).toEqual({ sse: 0, upgrade: 0 })
    await world.hasErrors({ [`GET ${route} client_error`]: 1 })
  }),
  upgrades('requests that Node refuses are counted by every adapter', async (world, { url, first }) => {
    const socket = await dial(url)
    socket.write('NONSENSE\r\n\r\n')
    await closed(socket)
    await world.settled({ ...first, '_OTHER _refused 400': 1 })
    await world.hasErrors({ '_OTHER _refused protocol': 1 })
  }),
]

/** Long-lived responses, and connections that leave HTTP. */
export const STREAMS_AND_UPGRADES: Chapter<OutcomeWorld> = {
  title: 'Streams and upgrades',
  about:
    'Event streams, and WebSockets on the server of each framework. Fastify, bare servers and preloaded ' +
    'applications are followed from the beginning, the others from their first request.',
  subjects: OUTCOME_SUBJECTS,
  laws: [...STREAMS, ...UPGRADES],
}
