import { once } from 'node:events'
import { Agent, get as ask } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Running, startReady } from './running.ts'

/** Connections in use that end with their worker. */

const ENTRY = fileURLToPath(new URL('./fixtures/streaming.mjs', import.meta.url))

function cutOff(reason: string): string {
  return `promherd_worker_cut_connections_total{worker="1",reason="${reason}"}`
}

async function openEvents(running: Running): Promise<void> {
  const socket = connect(Number(new URL(running.appUrl()).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {}).write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
}

async function openWebSocket(running: Running): Promise<void> {
  const socket = new WebSocket(running.appUrl().replace('http', 'ws'))
  onTestFinished(() => socket.terminate())
  await once(
    socket.on('error', () => {}),
    'message',
  )
}

/** A connection that waits for its next request. */
async function openIdle(running: Running): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const [response] = await once(ask(running.appUrl(), { agent }), 'response')
  await once(response.resume(), 'end')
}

test.each([
  ['at the drain deadline', { reason: 'deadline', other: 'drain' }, { STAYS: '1' }, { drainTimeoutMs: 500 }],
  ['when a worker has drained', { reason: 'drain', other: 'deadline' }, {}, {}],
])(
  '3 event streams and 2 WebSockets that are open %s are counted as 5 cut connections',
  async (_, reasons, env, more) => {
    const running = await startReady({ options: { workers: 1, ...more }, env: { ENTRY, ...env } })
    for (let stream = 0; stream < 3; stream++) await openEvents(running)
    for (let socket = 0; socket < 2; socket++) await openWebSocket(running)
    await openIdle(running)
    const before = await running.scrape()
    expect([before.value(cutOff('drain')), before.value(cutOff('deadline'))]).toEqual([0, 0])

    running.signal('SIGHUP')
    const after = await running.sees(cutOff(reasons.reason), 5)
    expect(after.value(cutOff(reasons.other))).toBe(0)
    if (reasons.reason === 'drain') return
    await running.sees('promherd_stores{state="retired"}', 1)
    expect(running.stderr).toBe(
      'promherd: worker 1 did not exit within 500 ms and was killed. Connections in use that this closed: 5.\n',
    )
  },
  60_000,
)
