import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  type Ending,
  type ProgramOptions,
  type RunningProgram,
  startProgram,
  WAYS,
  type Way,
} from '../programs/harness.ts'

/** How real programs end, with promherd and without. */

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url))

/** Connects to a program, and returns what its clients have received when it has ended. */
type Use = (ports: readonly number[]) => Promise<() => unknown>

interface Seen extends Ending {
  readonly log: readonly string[]
  readonly received: unknown
}

interface Case extends ProgramOptions {
  readonly use?: Use
  readonly ports?: number
  readonly signal?: NodeJS.Signals
}

async function see(way: Way, program: string, { use, ports = 1, signal = 'SIGTERM', ...options }: Case): Promise<Seen> {
  const running = startProgram(way, fixture(program), options)
  await running.listening(ports)
  const received = await use?.(running.ports)
  running.signal(signal)
  const ending = await running.ended
  endedSoon(running)
  return { ...ending, log: running.log, received: received?.() }
}

/** Far below the deadline of 30 s; the machine may be busy. */
function endedSoon(running: RunningProgram): void {
  expect(running.endingMs).toBeLessThan(10_000)
}

const webSocket: Use = async ([port]) => {
  const received: unknown[] = []
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  socket.on('close', (code, reason) => received.push([code, String(reason)]))
  await once(socket, 'message')
  return () => received
}

const eventStream: Use = async ([port]) => {
  let text = ''
  const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response')
  response.setEncoding('utf8')
  await new Promise<void>(resolve => {
    response.on('data', (piece: string) => {
      text += piece
      resolve()
    })
  })
  return () => [text, response.complete]
}

const socketIo =
  (transport: 'polling' | 'websocket'): Use =>
  async ([port]) => {
    const received: string[] = []
    const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], reconnection: false })
    onTestFinished(() => void socket.close())
    // Whether its last poll is answered or broken off is a race that the client has with any server.
    socket.on('disconnect', reason => received.push(transport === 'polling' ? 'disconnect' : reason))
    await new Promise<void>(resolve => void socket.on('hello', resolve))
    return () => received
  }

/** Two connections: one that waits for its next request, one that was never used. */
const keptAlive: Use = async ([port]) => {
  const agent = new Agent({ keepAlive: true })
  const [response] = await once(get({ port, host: '127.0.0.1', agent }), 'response')
  await once(response.resume(), 'end')
  onTestFinished(() => agent.destroy())
  return () => response.statusCode
}

const idleTcp: Use = async ([port]) => {
  const socket = connect(port!, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return () => undefined
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const library = (name: string): Case => ({ args: [name], use: keptAlive })

const CASES: readonly (readonly [string, string, Case])[] = [
  ['ws', 'ws', { use: webSocket }],
  ['socket.io over WebSocket', 'socket-io', { use: socketIo('websocket') }],
  ['socket.io over polling', 'socket-io', { use: socketIo('polling') }],
  ['@fastify/websocket', 'fastify-websocket', { use: webSocket }],
  ['streams of events', 'sse', { use: eventStream }],
  ['@godaddy/terminus', 'shutdown', library('terminus')],
  ['http-terminator', 'shutdown', library('http-terminator')],
  ['stoppable', 'shutdown', library('stoppable')],
  ['close-with-grace', 'shutdown', library('close-with-grace')],
  ['server-destroy', 'shutdown', library('server-destroy')],
  ['lightship', 'shutdown', library('lightship')],
  ['a listener for SIGINT alone', 'interrupted', { signal: 'SIGINT', use: keptAlive }],
  ['listeners that see each other', 'listeners', {}],
]

test.each(CASES)(
  '%s: the same log, end and clients under node, the preload and the command',
  async (_, program, how) => {
    const seen = await Promise.all(WAYS.map(way => see(way, program, how)))
    const [plain] = seen
    expect(plain!.log.length).toBeGreaterThan(0)
    for (const [i, each] of seen.entries()) expect([WAYS[i], each]).toEqual([WAYS[i], plain])
  },
  60_000,
)

test('a NestJS hybrid with a microservice over TCP ends the same', async () => {
  const seen: Seen[] = []
  for (const way of WAYS) {
    const env = { TCP_PORT: String(await freePort()) }
    seen.push(await see(way, 'nest', { env, use: idleTcp, ports: 2 }))
  }
  const [plain] = seen
  expect(plain!.log).toContain('onApplicationShutdown SIGTERM')
  expect(seen).toEqual([plain, plain, plain])
}, 60_000)

test('a listener in a thread is called, and its connections hear of it', async () => {
  const seen = await see('threads', 'ws', { use: webSocket })
  expect(seen.received).toEqual([[1012, 'restart']])
  expect(seen.log).toEqual(['SIGTERM true 127.0.0.1', 'closed undefined', 'exit 0'])
  expect(seen.code).toBe(0)
})

test('Ctrl-C, which every process of the group receives, is received once', async () => {
  for (const way of ['node', 'start'] as const) {
    const running = startProgram(way, fixture('interrupted'), { group: true })
    await running.listening()
    running.signalGroup('SIGINT')
    expect([way, await running.ended, running.log]).toEqual([way, { code: 7, signal: null }, ['SIGINT']])
  }
})

test('a program that listens for nothing ends soon, whatever is open', async () => {
  const running = startProgram('start', fixture('net'))
  const port = await running.listening()
  await idleTcp([port])
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  endedSoon(running)
})

test('a program that listens on one port and then fails ends as it would alone, and says why once', async () => {
  const alone = startProgram('node', fixture('failing'))
  const started = startProgram('start', fixture('failing'), { workers: 3 })
  expect(await started.ended).toEqual(await alone.ended)
  expect(started.stderr.match(/Error: no database/g)).toHaveLength(1)
})
