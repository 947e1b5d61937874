import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { PATIENT } from './outcome-world.ts'
import { errorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

/** The bytes between a client and Node, and the expected records. */
export interface Conversation {
  readonly options?: ServerOptions
  /** Adds other listeners of the application. */
  readonly prepare?: (server: Server) => void
  /** The data of the client, in chunks. Each chunk is sent after the response to the previous one. */
  readonly sends: readonly string[]
  /** True if the client ends its side of the connection and still reads. */
  readonly ends?: boolean
  /** The expected status lines, or other first lines. */
  readonly receives: readonly string[]
  /** True if the server closes the connection; else it serves further requests. */
  readonly closes: boolean
  readonly requests: Readonly<Record<string, number>>
  readonly errors?: Readonly<Record<string, number>>
  /** The reason why it cannot be recorded. */
  readonly unseen?: string
}

export const HOST = 'host: localhost\r\n'
export const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`

/** The record of a request that Node could not parse. */
export const REFUSED = '_OTHER _refused'
export const BAD_REQUEST = { requests: { [`${REFUSED} 400`]: 1 }, errors: { [`${REFUSED} protocol`]: 1 } }

/** Short timeouts for tests, in milliseconds. */
export const QUICK = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }

/** The monitor of a conversation, and the function that records a server. */
export interface Watching {
  readonly monitor: Monitor
  watch(server: Server): unknown
}

/** Runs it without promherd and with it, compares the received data, and then checks the records. */
export async function alike({ monitor, watch }: Watching, conversation: Conversation): Promise<void> {
  const bare = await heldBy(makes(conversation), conversation)
  const watched = makes(conversation)
  unchanged(watched, watch)
  const result = await heldBy(watched, conversation)
  expect(result).toEqual(bare)
  for (const line of conversation.receives) expect(result.received).toContain(line)
  if (conversation.receives.length === 0) expect(result.received).toBe('')
  const requests: Record<string, number> = { ...conversation.requests }
  if (!conversation.closes) requests['GET _unknown 200'] = (requests['GET _unknown 200'] ?? 0) + 1
  await settled(monitor, requests)
  expect(await errorsOf(monitor)).toEqual(conversation.errors ?? {})
}

function makes({ options, prepare }: Conversation): Server {
  const server = createServer(options ?? {}, application)
  prepare?.(server)
  return server
}

/** Records a server, and checks that its listeners are unchanged. */
function unchanged(server: Server, watch: Watching['watch']): void {
  const events = server.eventNames().map(event => [event, server.listenerCount(event)])
  const others = events.filter(([event]) => event !== 'request')
  watch(server)
  expect(server.eventNames().map(event => [event, server.listenerCount(event)])).toEqual(expect.arrayContaining(others))
  expect(server.eventNames()).toEqual(events.map(([event]) => event))
}

async function heldBy(server: Server, conversation: Conversation): Promise<Held> {
  const result = await held(conversation, server)
  await closing(server)
  return result
}

function application(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {})
  if (request.url === '/hold') return
  if (request.url === '/read') request.resume().on('end', () => response.end('read'))
  else response.end('hello')
}

interface Held {
  readonly received: string
  readonly events: string[]
}

/** All data that a client receives, and whether the connection was closed or still serves requests. */
async function held(conversation: Conversation, server: Server): Promise<Held> {
  const socket = connect({
    port: Number(new URL(await listening(server)).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  let received = ''
  const events: string[] = []
  socket.on('data', piece => {
    received += String(piece)
  })
  for (const event of ['end', 'close', 'error']) socket.on(event, () => events.push(event))
  await send(conversation, socket, () => received)
  if (conversation.closes) await expect.poll(() => events.length, PATIENT).toBeGreaterThan(0)
  else await stillServes(socket, () => received)
  socket.destroy()
  if (!events.includes('close')) await once(socket, 'close')
  return { received: received.replaceAll(/Date: .*\r\n/g, ''), events }
}

async function send({ sends, ends, receives }: Conversation, socket: Socket, received: () => string): Promise<void> {
  for (const [i, piece] of sends.entries()) {
    socket.write(piece)
    if (i < sends.length - 1) await expect.poll(received, PATIENT).toContain(receives[i])
  }
  if (ends) socket.end()
  for (const line of receives) await expect.poll(received, PATIENT).toContain(line)
}

async function stillServes(socket: Socket, received: () => string): Promise<void> {
  await expect.poll(received, PATIENT).toMatch(/\r\n\r\n/)
  const before = received().split('HTTP/1.1 200 OK').length
  socket.write(GET)
  await expect.poll(() => received().split('HTTP/1.1 200 OK').length, PATIENT).toBe(before + 1)
}
