import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningProgram, startProgram } from '../programs/harness.ts'

/** How real programs end under the command; `test/programs` compares their ends with promherd and without. */

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url))

/** Far below the deadline of 30 s; the machine may be busy. */
function endedSoon(running: RunningProgram): void {
  expect(running.endingMs).toBeLessThan(10_000)
}

test('a signal listener in a thread is called, and its connections receive a message', async () => {
  const running = startProgram('threads', fixture('ws'))
  const socket = new WebSocket(`ws://127.0.0.1:${await running.listening()}/`)
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
  await once(socket, 'message')
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  endedSoon(running)
  expect(running.log).toEqual(['SIGTERM true 127.0.0.1', 'closed undefined', 'exit 0'])
  expect(await closed).toEqual([1012, 'restart'])
})

test('Ctrl-C, which every process of the group receives, calls each listener once', async () => {
  for (const way of ['node', 'start'] as const) {
    const running = startProgram(way, fixture('interrupted'), { group: true })
    await running.listening()
    running.signalGroup('SIGINT')
    expect([way, await running.ended, running.log]).toEqual([way, { code: 7, signal: null }, ['SIGINT']])
  }
})

test('a program without signal listeners exits soon, even with open connections', async () => {
  const running = startProgram('start', fixture('net'))
  const socket = connect(await running.listening(), '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  endedSoon(running)
})

test('a program that listens on one port and then fails exits as without promherd, and its error is logged once', async () => {
  const alone = startProgram('node', fixture('failing'))
  const started = startProgram('start', fixture('failing'), { workers: 3 })
  expect(await started.ended).toEqual(await alone.ended)
  expect(started.stderr.match(/Error: no database/g)).toHaveLength(1)
})
