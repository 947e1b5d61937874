import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { PATIENT } from './outcome-world.ts'
import { errorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

/** What is said between a client and Node, and what has to be recorded of it. */
export interface Conversation {
  readonly options?: ServerOptions
  /** What else the application listens for. */
  readonly prepare?: (server: Server) => void
  /** What the client says, in pieces that are sent one after the other has been answered. */
  readonly says: readonly string[]
  /** The client says no more, and listens on. */
  readonly ends?: boolean
  /** The status lines that come, or other first lines. */
  readonly hears: readonly string[]
  /** Whether the server closes the connection; else it goes on to serve it. */
  readonly closes: boolean
  readonly requests: Readonly<Record<string, number>>
  readonly errors?: Readonly<Record<string, number>>
  /** Why it is not recorded, though it should be. */
  readonly unseen?: string
}

export const HOST = 'host: localhost\r\n'
export const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`

/** What is recorded of a request that Node could not read. */
export const REFUSED = '_OTHER _refused'
export const BAD_REQUEST = { requests: { [`${REFUSED} 400`]: 1 }, errors: { [`${REFUSED} protocol`]: 1 } }

/** Deadlines that do not keep a test waiting, in milliseconds. */
export const QUICK = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }

/** Where a conversation is recorded, and how. */
export interface Watching {
  readonly monitor: Monitor
  watch(server: Server): unknown
}

/** Holds it without promherd and with it, and compares what is heard; then expects what has been recorded. */
export async function alike({ monitor, watch }: Watching, conversation: Conversation): Promise<void> {
  const bare = await heldBy(makes(conversation), conversation)
  const watched = makes(conversation)
  unchanged(watched, watch)
  const result = await heldBy(watched, conversation)
  expect(result).toEqual(bare)
  for (const line of conversation.hears) expect(result.heard).toContain(line)
  if (conversation.hears.length === 0) expect(result.heard).toBe('')
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

/** Has a server watched, which keeps the listeners that it had. */
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
  readonly heard: string
  readonly events: string[]
}

/** All that a client hears, and whether the connection was closed or still serves. */
async function held(conversation: Conversation, server: Server): Promise<Held> {
  const socket = connect({
    port: Number(new URL(await listening(server)).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  let heard = ''
  const events: string[] = []
  socket.on('data', piece => {
    heard += String(piece)
  })
  for (const event of ['end', 'close', 'error']) socket.on(event, () => events.push(event))
  await speak(conversation, socket, () => heard)
  if (conversation.closes) await expect.poll(() => events.length, PATIENT).toBeGreaterThan(0)
  else await stillServes(socket, () => heard)
  socket.destroy()
  if (!events.includes('close')) await once(socket, 'close')
  return { heard: heard.replaceAll(/Date: .*\r\n/g, ''), events }
}

async function speak({ says, ends, hears }: Conversation, socket: Socket, heard: () => string): Promise<void> {
  for (const [i, piece] of says.entries()) {
    socket.write(piece)
    if (i < says.length - 1) await expect.poll(heard, PATIENT).toContain(hears[i])
  }
  if (ends) socket.end()
  for (const line of hears) await expect.poll(heard, PATIENT).toContain(line)
}

async function stillServes(socket: Socket, heard: () => string): Promise<void> {
  await expect.poll(heard, PATIENT).toMatch(/\r\n\r\n/)
  const before = heard().split('HTTP/1.1 200 OK').length
  socket.write(GET)
  await expect.poll(() => heard().split('HTTP/1.1 200 OK').length, PATIENT).toBe(before + 1)
}
