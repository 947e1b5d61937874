import { once } from 'node:events'
import { Readable } from 'node:stream'

/** Controls the handlers of an application under test. */
export class Stage {
  /** The number of handlers that wait or have waited. */
  entered = 0
  /** The time between the first and the last chunk of the stream, in seconds. */
  heldSeconds = 0
  release: () => void = () => {}
  readonly #released = new Promise<void>(resolve => {
    this.release = resolve
  })

  /** A handler waits for this before it responds. */
  async hold(): Promise<string> {
    this.entered++
    await this.#released
    return 'held'
  }

  /** A body whose last chunk is sent when the test releases it. */
  stream(): Readable {
    return Readable.from(this.#pieces())
  }

  async *#pieces(): AsyncGenerator<string> {
    yield 'first '
    const startedAt = performance.now()
    this.entered++
    await this.#released
    this.heldSeconds = (performance.now() - startedAt) / 1000
    yield 'last'
  }
}

/** An error with a status. */
export function teapot(): Error {
  return Object.assign(new Error('I am a teapot'), { status: 418, statusCode: 418, expose: true })
}

/** Listens on a free port of the loopback interface and returns the URL. */
export async function listening(server: import('node:http').Server): Promise<string> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return `http://127.0.0.1:${(server.address() as import('node:net').AddressInfo).port}`
}

/** Closes a server with all of its connections. */
export async function closing(server: import('node:http').Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
