import { once } from 'node:events'
import { Readable } from 'node:stream'

/** What the handlers of an application under test do when a test has to see them do it. */
export class Stage {
  /** How many handlers wait, or have waited. */
  entered = 0
  /** How long the stream was held between its first and its last piece, in seconds. */
  heldSeconds = 0
  release: () => void = () => {}
  readonly #released = new Promise<void>(resolve => {
    this.release = resolve
  })

  /** What a handler waits for before it answers. */
  async hold(): Promise<string> {
    this.entered++
    await this.#released
    return 'held'
  }

  /** A body whose last piece comes when the test says so. */
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

/** The error that means a status of its own. */
export function teapot(): Error {
  return Object.assign(new Error('I am a teapot'), { status: 418, statusCode: 418, expose: true })
}

/** Listens on a free port of the loopback interface and answers where. */
export async function listening(server: import('node:http').Server): Promise<string> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return `http://127.0.0.1:${(server.address() as import('node:net').AddressInfo).port}`
}

/** Closes a server with all that is connected to it. */
export async function closing(server: import('node:http').Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
