import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { requestsOf } from '../auto/preloaded.ts'
import type { Running } from '../cli/running.ts'
import { freePort } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { alone, answerTo, fileOf, herded, listening, type Program, request, run, type Starter } from './program.ts'

/** PeerServer, which brokers connections between browsers: Express 4, and WebSockets. */

const FILE = fileOf('peer/dist/bin/peerjs.js')

function peerServer(port: number): Program {
  return { file: FILE, args: ['--port', String(port), '--host', '127.0.0.1', '--allow_discovery'] }
}

/** A browser, as far as the server knows. It keeps all messages. */
class Browser {
  readonly messages: string[] = []
  readonly #socket: WebSocket

  constructor(port: number, id: string, key = 'peerjs') {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/peerjs?key=${key}&id=${id}&token=t-${id}`)
    this.#socket.on('message', (data, isBinary) => this.messages.push(`${isBinary} ${String(data)}`))
  }

  async isTold(count: number): Promise<void> {
    await until(() => this.messages.length >= count, { what: `${count} messages` })
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** Answers the code and the reason of the close. */
  async close(): Promise<string> {
    this.#socket.close(1000, 'bye')
    return this.closed()
  }

  async closed(): Promise<string> {
    const [code, reason] = await once(this.#socket, 'close')
    return `${code} ${reason}`
  }
}

async function talk(port: number): Promise<unknown[]> {
  const heard: unknown[] = []
  const more = { isLast: false }
  const pipelined = [
    request('GET /', more),
    request('OPTIONS /', more),
    request('HEAD /', more),
    request('GET /nowhere/at/all'),
  ]
  heard.push(await answerTo(port, pipelined.join('')))
  heard.push(await answerTo(port, request('GET /peerjs/peers', { headers: { Origin: 'http://a.example' } })))
  const id = await answerTo(port, request('GET /peerjs/id'))
  // Chosen by chance, and its ETag with it.
  heard.push(id.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID').replace(/^ETag: .*\r$/m, 'ETag: \r'))

  const anna = new Browser(port, 'anna')
  await anna.isTold(1)
  const bert = new Browser(port, 'bert')
  await bert.isTold(1)
  heard.push(await answerTo(port, request('GET /peerjs/peers')))
  anna.say({ type: 'OFFER', dst: 'bert', payload: { sdp: 'ü'.repeat(40_000) } })
  await bert.isTold(2)
  bert.say({ type: 'ANSWER', dst: 'anna', payload: 'yes' })
  await anna.isTold(2)
  const stranger = new Browser(port, 'carl', 'wrong')
  heard.push(await stranger.closed(), stranger.messages)
  heard.push(await bert.close(), await anna.close(), anna.messages, bert.messages)
  // A handshake that is refused, to the byte.
  const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '7' }
  heard.push(await answerTo(port, request('GET /peerjs', { headers: upgrade, isLast: false })))
  return heard
}

const COUNTED = {
  'GET / 200': 1,
  // Answered by the middleware of CORS.
  'OPTIONS _middleware 204': 1,
  'HEAD / 200': 1,
  'GET _unmatched 404': 1,
  'GET /:key/peers 200': 2,
  'GET /:key/id 200': 1,
  // The path that the server of ws was given: three handshakes that were accepted, and one that was not.
  'GET /peerjs 101': 3,
  'GET /peerjs 400': 1,
}

async function lifeOf(port: number, starter: Starter, look: (running: Running) => Promise<void> = async () => {}) {
  const running = run(peerServer(port), starter)
  await listening(port, running)
  const heard = await talk(port)
  await until(() => (running.stdout().match(/disconnected/g) ?? []).length === 2, { what: 'both to be gone' })
  await look(running)
  running.signal('SIGTERM')
  return { heard, ...(await running.ended) }
}

test('PeerServer behaves the same under promherd, byte by byte, and each request is counted by its route template', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const before = await lifeOf(port, alone)
  const under = await lifeOf(port, herded(metricsPort), async () => {
    const samples = await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
    expect(requestsOf(samples)).toEqual(COUNTED)
    expect(sum(samples, 'http_requests_in_flight')).toBe(0)
  })
  expect(before).toMatchObject({ code: 0, stderr: '' })
  expect(under).toEqual(before)
})

test('PeerServer with wrong arguments exits under promherd as without it', async () => {
  const program = { file: FILE, args: ['--host', '::1'] }
  const before = await run(program, alone).ended
  expect(before.code).toBe(1)
  expect(await run(program, herded(0)).ended).toEqual(before)
})
