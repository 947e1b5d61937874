import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Sessions } from './sessions.ts'

let server: Http2Server
let sessions: Sessions
const clients: ClientHttp2Session[] = []

beforeEach(async () => {
  server = createServer((_request, response) => response.end('done'))
  sessions = new Sessions()
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

test('a client that asks again and again is told with an answer, so that nothing it sends is refused', async () => {
  const session = client()
  expect(await ask(session)).toBe('done')
  const told = once(session, 'goaway')
  sessions.drain(60_000)
  expect(await ask(session)).toBe('done')
  await told
  await untilClosed(session)
})

test('a session that asks nothing more is closed after its time of grace', async () => {
  const session = client()
  expect(await ask(session)).toBe('done')
  sessions.drain(1)
  await untilClosed(session)
})

test('a session that begins while its server drains has its first stream answered, and ends', async () => {
  sessions.drain(0)
  const session = client()
  expect(await ask(session)).toBe('done')
  await untilClosed(session)
})

test('a session that has begun and has not asked yet may still ask once', async () => {
  const begun = once(server, 'session')
  const session = client()
  await begun
  sessions.drain(0)
  expect(await ask(session)).toBe('done')
  await untilClosed(session)
})

test('one that never asks is not waited for', async () => {
  const session = client()
  await once(session, 'connect')
  sessions.drain(0)
  await untilClosed(session)
})

async function untilClosed(session: ClientHttp2Session): Promise<void> {
  if (!session.destroyed) await once(session, 'close')
}
