import { once } from 'node:events'
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { text } from 'node:stream/consumers'
import { type Answer, ask, dial, heard, said } from './client.ts'

/** The client side of a connection, the same for both protocols. */
export interface Connection {
  /** Sends a request without waiting for the response. Several requests may be open at once. */
  send(method: string, path: string): Sent
  /** Destroys the connection with all of its requests. */
  die(): void
}

export interface Sent {
  /** Waits until the response contains this text. */
  heard(text: string): Promise<void>
  /** Aborts this request. On HTTP/1.1 this destroys the connection. */
  leave(): void
}

export type Protocol = 'HTTP/1.1' | 'HTTP/2'

/** Connects to an application. */
export function connection(protocol: Protocol, url: string): Promise<Connection> {
  return protocol === 'HTTP/2' ? overHttp2(url) : overHttp1(url)
}

/** One request on a new connection, with its complete response. */
export function answered(protocol: Protocol, url: string, method: string): Promise<Answer> {
  return protocol === 'HTTP/2' ? askHttp2(url, method) : ask(url, method)
}

async function overHttp1(url: string): Promise<Connection> {
  const socket = await dial(url)
  return {
    die: () => socket.destroy(),
    send(method, path) {
      socket.write(said(method, path))
      return { leave: () => socket.destroy(), heard: async expected => void (await heard(socket, expected)) }
    },
  }
}

async function overHttp2(url: string): Promise<Connection> {
  const session = connectHttp2(url)
  // The tests destroy connections on purpose, so errors are expected.
  session.on('error', () => {})
  await once(session, 'connect')
  return {
    die: () => session.destroy(),
    send(method, path) {
      const stream = session.request({ ':method': method, ':path': path })
      stream.on('error', () => {})
      stream.end()
      return { leave: () => stream.close(constants.NGHTTP2_CANCEL), heard: expected => heardOn(stream, expected) }
    },
  }
}

async function heardOn(stream: ClientHttp2Stream, expected: string): Promise<void> {
  let all = ''
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    all += String(piece)
    if (all.includes(expected)) return
  }
  throw new Error(`the stream ended without ${JSON.stringify(expected)}: ${JSON.stringify(all)}`)
}

async function askHttp2(url: string, method: string): Promise<Answer> {
  const session = connectHttp2(url)
  try {
    const stream = session.request({ ':method': method, ':path': url.slice(new URL(url).origin.length) })
    stream.end()
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    return { status: Number(headers[':status']), body: await text(stream) }
  } finally {
    session.destroy()
  }
}
