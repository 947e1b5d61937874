import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { ask, closed, dial, heard, said } from './client.ts'
import { preloadedName } from './harnesses/preloading.ts'
import type { Chapter, Exception, Law } from './law.ts'
import { FILE } from './outcome-handlers.ts'
import { PLAIN } from './outcome-harnesses.ts'
import { HAPI, SILENT } from './outcome-unadapted.ts'
import { OUTCOME_SUBJECTS, type OutcomeWorld, PATIENT } from './outcome-world.ts'
import { secondsOf } from './reading.ts'
import { listening } from './stage.ts'

const HALF = 'POST /raw/upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\nhalf'

function withoutBody(method: string, path: string, status: number): Law<OutcomeWorld> {
  return {
    sentence: `a response without a body ends with its headers: ${method} with ${status}`,
    async run(world) {
      expect((await ask(`${await world.start()}/raw/${path}`, method)).status).toBe(status)
      await world.recorded(method, status)
      await world.hasErrors({})
    },
  }
}

function inPieces(path: string, what: string): Law<OutcomeWorld> {
  return {
    sentence: `the duration of a body in several chunks ends with the last chunk${what}`,
    async run(world) {
      const asked = ask(`${await world.start()}/raw/${path}`)
      await world.holdOn()
      expect((await asked).status).toBe(200)
      await world.recorded('GET', 200)
      expect(await secondsOf(world.monitor)).toBeGreaterThan(0.05)
      expect(await secondsOf(world.monitor)).toBeGreaterThanOrEqual(world.stage.heldSeconds)
      await world.hasErrors({})
    },
  }
}

const ANSWERS: readonly Law<OutcomeWorld>[] = [
  withoutBody('HEAD', 'item', 200),
  withoutBody('GET', 'nothing', 204),
  withoutBody('GET', 'unchanged', 304),
  {
    sentence: 'a piped file ends with its last byte',
    async run(world) {
      const { body, status } = await ask(`${await world.start()}/raw/file`)
      expect([status, body]).toEqual([200, await readFile(FILE, 'utf8')])
      await world.recorded('GET', 200)
      await world.hasErrors({})
    },
  },
  inPieces('stream', ''),
  inPieces('packed', ', compressed too'),
  {
    sentence: 'early hints are not the response',
    async run(world) {
      const socket = await world.asking('/raw/hinted')
      const hints = await heard(socket, '102 Processing')
      expect(hints).toContain('103 Early Hints')
      await world.holdOn()
      await heard(socket, 'held')
      await world.recorded('GET', 200)
      expect(await secondsOf(world.monitor)).toBeGreaterThan(0.05)
      await world.hasErrors({})
      socket.destroy()
    },
  },
]

function aborts(how: string, leave: (socket: Socket) => void): Law<OutcomeWorld> {
  return {
    sentence: `a client that ${how} the connection before a response, during one, or during its upload is an abort`,
    async run(world) {
      const url = await world.start()
      const before = await dial(url)
      before.write(said('GET', '/raw/hold'))
      await expect.poll(() => world.stage.entered, PATIENT).toBe(1)
      leave(before)
      await world.settled({ 'GET /raw/:name 499': 1 })
      const within = await dial(url)
      within.write(said('GET', '/raw/stream'))
      await heard(within, 'first ')
      leave(within)
      await world.settled({ 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1 })
      const sending = await dial(url)
      sending.write(HALF)
      await expect.poll(() => world.stage.entered, PATIENT).toBeGreaterThan(2)
      leave(sending)
      const requests = { 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1, 'POST /raw/:name 499': 1 }
      await world.settled(requests)
      await world.hasErrors({ 'GET /raw/:name client_abort': 2, 'POST /raw/:name client_abort': 1 })
    },
  }
}

const ABORTS: readonly Law<OutcomeWorld>[] = [
  {
    sentence: 'a client that disconnects after early hints received no response',
    async run(world) {
      const socket = await world.asking('/raw/hinted')
      await heard(socket, '102 Processing')
      socket.destroy()
      await world.recorded('GET', 499)
      await world.failed('client_abort')
    },
  },
  {
    sentence: 'a response that the application ends because its client has disconnected is an abort',
    async run(world) {
      const socket = await world.asking('/raw/late-end')
      await heard(socket, 'first')
      socket.destroy()
      await world.recorded('GET', 200)
      await world.failed('client_abort')
    },
  },
  aborts('closes', socket => void socket.destroy()),
  aborts('resets', socket => void socket.resetAndDestroy()),
]

const SILENTLY: Exception<OutcomeWorld> = {
  reason: 'It responds to the error itself and does not report it: a `server_error`.',
  async instead(world) {
    expect((await ask(`${await world.start()}/thrown`)).status).toBe(500)
    await world.settled({ 'GET /thrown 500': 1 })
    await world.hasErrors({ 'GET /thrown server_error': 1 })
  },
}

const FAILURES: readonly Law<OutcomeWorld>[] = [
  {
    sentence: 'a thrown error without a status is an exception',
    async run(world) {
      expect((await ask(`${await world.start()}/thrown`)).status).toBe(500)
      await world.settled({ 'GET /thrown 500': 1 })
      await world.hasErrors({ 'GET /thrown exception': 1 })
    },
    cannot: {
      [PLAIN]: {
        reason:
          'Node does not catch what a listener throws. The listener must respond itself, and that is a `server_error`.',
        async instead(world) {
          expect((await ask(`${await world.start()}/raw/failed`)).status).toBe(500)
          await world.recorded('GET', 500)
          await world.failed('server_error')
        },
      },
      ...Object.fromEntries(SILENT.map(name => [preloadedName(name), SILENTLY])),
    },
  },
  {
    sentence: 'a response that the server destroys is not an abort of the client',
    async run(world) {
      const url = await world.start()
      for (const path of ['destroyed', 'cut']) {
        const socket = await dial(url)
        socket.write(said('GET', `/raw/${path}`))
        await closed(socket)
      }
      await world.settled({ 'GET /raw/:name 500': 1, 'GET /raw/:name 200': 1 })
      await world.failed('server_error', 2)
    },
  },
  {
    sentence: 'a stream that fails during the response is an exception',
    async run(world) {
      await closed(await world.asking('/raw/broken'))
      await world.recorded('GET', 200)
      await world.failed('exception')
    },
  },
]

const QUICK = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }

const TIMEOUTS: readonly Law<OutcomeWorld>[] = [
  {
    sentence: 'a request whose body arrives too late is a timeout, with the status that Node sends',
    async run(world) {
      const socket = await dial(await world.start(QUICK))
      socket.write(HALF)
      expect(await heard(socket, '\r\n\r\n')).toContain('408 Request Timeout')
      await world.recorded('POST', 408)
      await world.failed('timeout', 1, 'POST')
    },
    cannot: {
      [preloadedName(HAPI)]: {
        reason: 'hapi responds itself instead of Node, with 400, which is a `client_error`.',
        async instead(world) {
          const socket = await dial(await world.start(QUICK))
          socket.write(HALF.replace('/raw/upload', '/read'))
          expect(await heard(socket, '\r\n\r\n')).toContain('400 Bad Request')
          await world.settled({ 'POST /read 400': 1 })
          await world.hasErrors({ 'POST /read client_error': 1 })
          socket.destroy()
        },
      },
    },
  },
  idles('a connection that is idle for longer than the timeout of the server is a timeout', 1),
  idles('requests that wait behind it on the connection are timeouts too', 2),
]

function idles(sentence: string, count: number): Law<OutcomeWorld> {
  return {
    sentence,
    async run(world) {
      const server = await world.make()
      const url = await listening(server)
      server.setTimeout(50)
      const socket = await dial(url)
      socket.write(said('GET', '/raw/hold').repeat(count))
      await closed(socket)
      await world.recorded('GET', 500, count)
      await world.failed('timeout', count)
    },
  }
}

/** How exchanges end, on every framework. */
export const OUTCOMES: Chapter<OutcomeWorld> = {
  title: 'How exchanges end',
  about: 'The same handlers of Node on the server of each framework, over HTTP/1.1.',
  subjects: OUTCOME_SUBJECTS,
  laws: [...ANSWERS, ...ABORTS, ...FAILURES, ...TIMEOUTS],
}
