import { expect, test } from 'vitest'
import { isAlive, startProcess, startReady, until } from './running.ts'

interface Call {
  readonly name: string
  readonly about?: unknown
}

test('hooks are called for all events, in their order', async () => {
  const running = await startReady({ options: { workers: 1 }, env: { HOOKS: 'say' } })
  const calls = () => running.all('hook') as Call[]
  const first = await running.pidOf(1)
  process.kill(first!, 'SIGKILL')
  await running.sees('promherd_worker_restarts_total{worker="1",reason="killed"}', 1)
  await until('the next', async () => ((await running.pidOf(1)) ?? first) !== first)
  const second = await running.pidOf(1)
  running.signal('SIGUSR2')
  await until('the signal', () => calls().some(({ name }) => name === 'onSignal'))
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(calls()).toEqual([
    { name: 'onStarting' },
    { name: 'onWorkerStart', about: { worker: 1, pid: first } },
    { name: 'onReady' },
    { name: 'onWorkerExit', about: { worker: 1, pid: first, code: null, signal: 'SIGKILL', reason: 'killed' } },
    { name: 'onWorkerStart', about: { worker: 1, pid: second } },
    { name: 'onSignal', about: 'USR2' },
    { name: 'onSignal', about: 'TERM' },
    { name: 'onWorkerExit', about: { worker: 1, pid: second, code: 0, signal: null, reason: 'close' } },
    { name: 'onExit' },
  ])
})

test('hooks that throw or reject are logged and counted, and have no other effect', async () => {
  const running = await startReady({ options: { workers: 2 }, env: { HOOKS: 'fail' } })
  running.signal('SIGUSR2')
  await running.sees('promherd_signals_total{signal="USR2"}', 1)
  // Starting, ready, two workers that start, one signal.
  await running.sees('promherd_internal_errors_total{cause="callback"}', 5)
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  const said = running.stderr.split('\n').filter(line => line.startsWith('promherd:'))
  expect(
    said.map(
      line =>
        /the hook (\w+) failed\. It is still called for later events\. Error: \1 (?:threw|rejected)$/.exec(line)?.[1],
    ),
  ).toEqual(['onStarting', 'onWorkerStart', 'onReady', 'onSignal', 'onWorkerExit', 'onExit'])
})

test('SIGUSR1 is received by the inspector unless handleSigusr1 is set', async () => {
  const left = await startReady({ options: { workers: 1 } })
  left.signal('SIGUSR1')
  // It starts, or says that another process of this host has its port.
  await until('the inspector', () => /Debugger listening|Starting inspector/.test(left.stderr))
  expect((await left.scrape()).value('promherd_signals_total{signal="USR1"}')).toBeUndefined()
  const taken = await startReady({ options: { workers: 1, handleSigusr1: true }, env: { HOOKS: 'say' } })
  taken.signal('SIGUSR1')
  await taken.sees('promherd_signals_total{signal="USR1"}', 1)
  expect(taken.all('hook')).toContainEqual({ name: 'onSignal', about: 'USR1' })
  expect(taken.stderr).toBe('')
})

test('a hook that is not a function is rejected', async () => {
  const running = startProcess({ options: { onReady: 'no function' } })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr).toContain("Expected `startCluster.onReady` to be a function, but got 'no function'.")
  expect(isAlive(running.pid)).toBe(false)
})
