import { once } from 'node:events'
import { Agent, createServer, get, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Connections } from './connections.ts'

/** Connections to a server that takes `most` of them; the path `/wait` is answered when `release` is called. */
async function bounded(most: number) {
  const waiting: (() => void)[] = []
  const server: Server = createServer((request, response) => {
    if (request.url === '/wait') waiting.push(() => response.end('late'))
    else response.end('now')
  })
  new Connections(server, most)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    port,
    release: () => {
      for (const answer of waiting.splice(0)) answer()
    },
    /** An open connection on which nothing is sent; `closed` resolves when the server has closed it. */
    async idle() {
      const accepted = once(server, 'connection')
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      await accepted
      return { socket, closed: once(socket, 'close') }
    },
    /** Waits until a request for `/wait` has arrived on a connection of its own. */
    async busy() {
      const arrived = once(server, 'request')
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await arrived
      return socket
    },
  }
}

function bodyOf(port: number, agent: Agent | false = false): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, async response => {
      let body = ''
      for await (const piece of response.setEncoding('utf8')) body += piece
      resolve(body)
    }).on('error', reject)
  })
}

test('the connection that has been idle longest is closed for the newest', async () => {
  const { port, idle } = await bounded(3)
  const [first, second] = [await idle(), await idle(), await idle()]
  expect(await bodyOf(port)).toBe('now')
  await first!.closed
  expect(second!.socket.destroyed).toBe(false)
})

test('a connection that has been used is idle from the end of its last response', async () => {
  const { port, idle } = await bounded(2)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  await bodyOf(port, agent)
  const [used] = Object.values(agent.freeSockets).flat() as Socket[]
  const idler = await idle()
  await bodyOf(port, agent)
  const newest = await idle()
  await idler.closed
  expect([used!.destroyed, newest.socket.destroyed]).toEqual([false, false])
})

test('a request under way is never cut off for a new connection', async () => {
  const { port, busy, idle, release } = await bounded(2)
  const answers = [await busy(), await busy()].map(socket => once(socket, 'data'))
  // All others are busy, so the new connection itself is closed.
  await (await idle()).closed
  release()
  for (const answer of answers) expect(String((await answer)[0])).toContain('late')
  expect(await bodyOf(port)).toBe('now')
})

test('a request gets through while a thousand idle connections are held', async () => {
  const { port } = await bounded(256)
  const held = Array.from({ length: 1000 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  onTestFinished(() => {
    for (const socket of held) socket.destroy()
  })
  await Promise.all(held.map(socket => once(socket, 'connect')))
  for (let i = 0; i < 10; i++) expect(await bodyOf(port)).toBe('now')
})
