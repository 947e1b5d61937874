import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Http2Sessions } from './http2-sessions.ts'

let server: Http2Server
let sessions: Http2Sessions
const clients: ClientHttp2Session[] = []

beforeEach(async () => {
  server = createServer((_request, response) => response.end('done'))
  sessions = new Http2Sessions()
  sessions.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  server.close()
})

function client(): ClientHttp2Session {
  const { port } = server.address() as AddressInfo
  const session = connect(`http://127.0.0.1:${port}`)
  clients.push(session)
  return session
}

async function ask(session: ClientHttp2Session): Promise<string> {
  let text = ''
  for await (const piece of session.request({ ':path': '/' }).setEncoding('utf8')) text += piece
  return text
}

test('a session receives GOAWAY with a response, so that none of its streams is refused', async () => {
  const session = client()
  expect(await ask(session)).toBe('done')
  const goaway = once(session, 'goaway')
  sessions.drain(60_000)
  expect(await ask(session)).toBe('done')
  await goaway
  await untilClosed(session)
})

test('a session without further streams is closed after the grace period', async () => {
  const session = client()
  expect(await ask(session)).toBe('done')
  sessions.drain(1)
  await untilClosed(session)
})

test('a session that begins while its server drains is closed after its first stream', async () => {
  sessions.drain(0)
  const session = client()
  expect(await ask(session)).toBe('done')
  await untilClosed(session)
})

test('a session that has had no stream when the drain starts may still open one', async () => {
  const begun = once(server, 'session')
  const session = client()
  await begun
  sessions.drain(0)
  expect(await ask(session)).toBe('done')
  await untilClosed(session)
})

test('a session that never opens a stream does not delay the drain', async () => {
  const session = client()
  await once(session, 'connect')
  sessions.drain(0)
  await untilClosed(session)
})

async function untilClosed(session: ClientHttp2Session): Promise<void> {
  if (!session.destroyed) await once(session, 'close')
}
