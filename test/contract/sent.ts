import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { closed, dial } from './client.ts'
import { preloadedName } from './harnesses/preloading.ts'
import type { Chapter, Law } from './law.ts'
import { HAPI } from './outcome-unadapted.ts'
import { OUTCOME_SUBJECTS, type OutcomeWorld, PATIENT } from './outcome-world.ts'

/** Requests, the bytes that follow them on the connection, and the responses. */
interface Case {
  /** The names of handlers, one for each request. */
  readonly asks: readonly string[]
  /** @default one of the requests is parsed together with what follows it */
  readonly waits?: boolean
  readonly version?: string
  readonly headers?: string
}

const GARBAGE = 'NONSENSE\r\n\r\n'

function requestTo(name: string, { version = '1.1', headers = '' }: Case): string {
  return `GET /raw/${name} HTTP/${version}\r\nhost: localhost\r\n${headers}\r\n`
}

/** Returns the data that was received so far. */
function hearing(socket: Socket): () => string {
  let all = ''
  socket.on('data', piece => {
    all += String(piece)
  })
  return () => all
}

async function sentTo(world: OutcomeWorld, given: Case): Promise<void> {
  const socket = await dial(await world.start())
  const heard = hearing(socket)
  const requests = given.asks.map(name => requestTo(name, given)).join('')
  if (given.waits && world.name !== HAPI) {
    socket.write(requests)
    await expect.poll(() => world.stage.entered, PATIENT).toBe(1)
    socket.write(GARBAGE)
  } else socket.write(requests + GARBAGE)
  if (world.name === HAPI) world.stage.release()
  await closed(socket)
  // The application responds to the remaining requests.
  world.stage.release()
  const statuses = [...heard().matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status!)
  // Fastify writes its error response into a body that is being sent.
  const last = given.asks.indexOf('stream') + 1 || statuses.length
  const isRefused = world.name !== HAPI
  await world.settled(recordOf(given.asks.length, statuses.slice(0, isRefused ? last : given.asks.length)))
}

function law(sentence: string, given: Case): Law<OutcomeWorld> {
  const run = (world: OutcomeWorld): Promise<void> => sentTo(world, given)
  return {
    sentence: `the recorded status is the one that was sent, whatever follows: ${sentence}`,
    run,
    cannot: { [preloadedName(HAPI)]: { reason: BEHIND, instead: run } },
  }
}

const BEHIND =
  'hapi responds first and then refuses the following bytes on the socket. That refusal is not recorded; the responses are.'

/** The statuses belong to the requests in order. A request without a status is 499, a status without a request is a refusal. */
function recordOf(count: number, statuses: readonly string[]): Record<string, number> {
  const record: Record<string, number> = {}
  for (let i = 0; i < Math.max(count, statuses.length); i++) {
    const label = i < count ? `GET /raw/:name ${statuses[i] ?? 499}` : `_OTHER _refused ${statuses[i]}`
    record[label] = (record[label] ?? 0) + 1
  }
  return record
}

/** Bytes that cannot be parsed end a connection. They do not change the records of earlier responses. */
export const SENT: Chapter<OutcomeWorld> = {
  title: 'Only sent responses are recorded',
  about:
    'Bytes that are not a request follow requests on their connection, in one packet unless the law says ' +
    'otherwise. The recorded statuses are those that the client received, one by one. A request without a ' +
    'response is 499.',
  subjects: OUTCOME_SUBJECTS,
  laws: [
    law('an answer that was given at once', { asks: ['item'] }),
    law('a failure that was answered at once', { asks: ['failed'] }),
    law('an answer without keep-alive', { asks: ['item'], headers: 'connection: close\r\n' }),
    law('an answer in HTTP/1.0', { asks: ['item'], version: '1.0' }),
    law('an answer that is still awaited', { asks: ['hold'] }),
    law('an answer that is still awaited, in another packet', { asks: ['hold'], waits: true }),
    law('an answer that is being sent', { asks: ['stream'], waits: true }),
    law('two answers at once', { asks: ['item', 'item'] }),
    law('an answer and one that is still awaited', { asks: ['item', 'hold'] }),
    law('an awaited answer and one behind it', { asks: ['hold', 'item'] }),
    law('an awaited answer and one behind it, in another packet', { asks: ['hold', 'item'], waits: true }),
    law('an answer, one that is being sent, and one behind it', { asks: ['item', 'stream', 'failed'], waits: true }),
  ],
}
