import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { dial, heard, said } from './client.ts'
import { preloadedName, preloading } from './harnesses/preloading.ts'
import type { Chapter, Law, Subject } from './law.ts'
import { PATIENT } from './outcome-world.ts'
import * as reading from './reading.ts'
import { closing, listening } from './stage.ts'
import { UPLOAD_APPLICATIONS, type UploadApplication } from './upload-applications.ts'

/** Where uploads are given up. */
interface UploadWorld {
  readonly name: string
  readonly monitor: Monitor
  readonly url: string
}

const FORM = '--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\ncontent-type: text/plain\r\n\r\nhalf'
const JSON_BODY = '{"half": "of'
const OF_JSON = /json|its parser/

/** The first half of an upload, as the application that takes it expects it. */
function halfOf(name: string): string {
  const [type, body] = OF_JSON.test(name) ? ['application/json', JSON_BODY] : ['multipart/form-data; boundary=b', FORM]
  return `POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 5000\r\n\r\n${body}`
}

const UPLOADS_EACH = 10

function givenUp(how: string, leave: (socket: Socket) => void, isKept = false): Law<UploadWorld> {
  const kept = isKept ? ' after a response on the same connection' : ''
  return {
    sentence: `an upload that the client aborts is 499 and client_abort${kept}: it ${how} the connection`,
    async run({ name, monitor, url }) {
      const sockets = await Promise.all(Array.from({ length: UPLOADS_EACH }, () => dial(url)))
      if (isKept) {
        for (const socket of sockets) {
          socket.write(said('GET', '/'))
          await heard(socket, 'here')
        }
      }
      for (const socket of sockets) socket.write(halfOf(name))
      await expect.poll(() => reading.numberOf(monitor, 'http_requests_in_flight'), PATIENT).toBe(UPLOADS_EACH)
      for (const socket of sockets) leave(socket.resume())
      const answered: Record<string, number> = isKept ? { 'GET / 200': UPLOADS_EACH } : {}
      await reading.settled(monitor, { ...answered, [`POST /upload 499`]: UPLOADS_EACH })
      expect(await reading.errorsOf(monitor)).toEqual({ [`POST /upload client_abort`]: UPLOADS_EACH })
    },
  }
}

async function using(
  name: string,
  monitor: Monitor,
  server: Server,
  use: (world: UploadWorld) => Promise<void>,
): Promise<void> {
  try {
    await use({ name, monitor, url: await listening(server) })
  } finally {
    await closing(server)
    await monitor.close()
  }
}

function subjectsOf(name: string, make: UploadApplication): Subject<UploadWorld>[] {
  const adapted: Subject<UploadWorld> = {
    name,
    async within(use) {
      const monitor = createMonitor({ storage: 'memory' })
      await using(name, monitor, await make(monitor), use)
    },
  }
  if (name.startsWith('node:http')) return [adapted]
  const preloaded: Subject<UploadWorld> = {
    name: preloadedName(name),
    async within(use) {
      const monitor = createMonitor({ storage: 'memory' })
      await preloading(monitor, {}, async () => using(name, monitor, await make(undefined), use))
    },
  }
  return [adapted, preloaded]
}

/** The response of an application to an aborted upload is never sent. */
export const UPLOADS: Chapter<UploadWorld> = {
  title: 'Aborted uploads',
  about:
    'The client disconnects during the request body. Each application reacts in its own way and responds with ' +
    '400. The status is 499 because no byte of that response was sent.',
  subjects: Object.entries(UPLOAD_APPLICATIONS).flatMap(([name, make]) => subjectsOf(name, make)),
  laws: [
    givenUp('closes', socket => void socket.destroy()),
    givenUp('resets', socket => void socket.resetAndDestroy()),
    givenUp('half-closes', socket => void socket.end()),
    givenUp('resets', socket => void socket.resetAndDestroy(), true),
    givenUp('closes', socket => void socket.destroy(), true),
  ],
}
