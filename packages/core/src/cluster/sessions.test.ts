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

test('a session that begins while its server drains has its first stream answered, and ends', async () => {
  sessions.drain()
  const session = client()
  const closed = once(session, 'close')
  expect(await ask(session)).toBe('done')
  await closed
})

test('a session that has begun and has not asked yet may still ask once', async () => {
  const begun = once(server, 'session')
  const session = client()
  await begun
  const closed = once(session, 'close')
  sessions.drain()
  expect(await ask(session)).toBe('done')
  await closed
})

test('a session that has asked is told, and one that never asks is not waited for', async () => {
  const [unused, used] = [client(), client()]
  await once(unused, 'connect')
  expect(await ask(used)).toBe('done')
  const closed = Promise.all([used, unused].map(session => once(session, 'close')))
  sessions.drain()
  await closed
})
