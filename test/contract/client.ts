import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** Clients that do as they are told, the bad manners included. */

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One request, answered whole. */
export async function ask(url: string, method = 'GET', agent?: Agent, headers = {}): Promise<Answer> {
  const sent = request(url, { method, headers, agent: agent ?? new Agent({ keepAlive: false }) })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of response) body += String(piece)
  return { status: response.statusCode ?? 0, body }
}

/** A connection that says what it is told and nothing else. */
export async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  // Torn down on purpose by the tests: the error of it is expected.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** The text of one request. */
export function said(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`
}

/** Everything that came until `text` did. */
export async function heard(socket: Socket, text: string): Promise<string> {
  let all = ''
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    all += String(piece)
    if (all.includes(text)) return all
  }
  throw new Error(`the connection ended without ${JSON.stringify(text)}: ${JSON.stringify(all)}`)
}

/** Once it has closed, whether or not with an error. */
export async function closed(stream: Readable): Promise<void> {
  await new Promise(resolve => stream.resume().once('close', resolve))
}
