import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** Clients that send exactly the given bytes, including invalid ones. */

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One request with its complete response. */
export async function ask(url: string, method = 'GET', agent?: Agent, headers = {}): Promise<Answer> {
  const sent = request(url, { method, headers, agent: agent ?? new Agent({ keepAlive: false }) })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of response) body += String(piece)
  return { status: response.statusCode ?? 0, body }
}

/** A connection that sends only what the test writes. */
export async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  // The tests destroy connections on purpose, so errors are expected.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** The text of one request. */
export function said(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`
}

/** All data that was received up to `text`. */
export async function heard(socket: Socket, text: string): Promise<string> {
  let all = ''
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    all += String(piece)
    if (all.includes(text)) return all
  }
  throw new Error(`the connection ended without ${JSON.stringify(text)}: ${JSON.stringify(all)}`)
}

/** Resolves when it is closed, with or without an error. */
export async function closed(stream: Readable): Promise<void> {
  await new Promise(resolve => stream.resume().once('close', resolve))
}
