import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endsTheReload } from '../cluster/failing.ts'
import { startLoad, stopLoad } from '../cluster/load.ts'
import { get, until } from '../cluster/running.ts'
import { settled, startListening, startThreads, threadsOf } from './running.ts'

/** Reloads, more and fewer threads, and the end of all. */

test('SIGHUP under load replaces every thread and fails no request', async () => {
  const running = await startListening()
  const load = startLoad(new URL(running.appUrl()).port, 12)
  await until('some requests', async () => ((await running.scrape()).value('test_total') ?? 0) > 100)
  running.signal('SIGHUP')
  await running.sees('promherd_worker_restarts_total{worker="2",reason="reload"}', 1)
  await running.sees('promherd_stores{state="retired"}', 2)
  const { received, broken, refused } = await stopLoad(load)
  const samples = await running.scrape()
  expect({ broken, refused }).toEqual({ broken: 0, refused: 0 })
  expect(samples.value('test_total')).toBe(received)
  expect(samples.restarts).toEqual({ reload: 2 })
  expect(samples.value('promherd_signals_total{signal="HUP"}')).toBe(1)
  expect([1, 2].map(worker => threadsOf(running, worker).length)).toEqual([2, 2])
  expect(running.stderr).toBe('')
}, 60_000)

test('a new thread that does not start stops the reload, and the old threads keep running', async () => {
  await endsTheReload(env => startListening({ env }))
})

test('threads are added and removed by methods and signals, but never the last; after close() the process exits by itself', async () => {
  const running = await startListening()
  await running.call('scale', 4)
  await running.sees('promherd_workers{state="running"}', 4)
  await running.call('scale', 1)
  await running.sees('promherd_workers_target', 1)
  await running.sees('promherd_stores{state="live"}', 2)
  running.signal('SIGTTIN')
  await running.sees('promherd_worker_restarts_total{worker="2",reason="scale"}', 1)
  running.signal('SIGTTOU')
  await running.sees('promherd_signals_total{signal="TTOU"}', 1)
  running.signal('SIGTTOU')
  await until('a word', () => running.stderr.includes('SIGTTOU is ignored, because only one worker is left.'))
  await running.sees('promherd_stores{state="live"}', 2)
  expect((await running.scrape()).restarts).toEqual({ scale: 1 })
  expect((await get(running.appUrl())).body).toBe('1')

  // Its method ends the thread and the metrics.
  const exits = () => running.all('hook').filter(hook => (hook as { name: string }).name === 'onWorkerExit')
  await until('four ends', () => exits().length === 4)
  await running.call('close')
  await expect(running.scrape()).rejects.toThrow('ECONNREFUSED')
  await expect(get(running.appUrl())).rejects.toThrow('ECONNREFUSED')
  expect(exits().slice(4)).toMatchObject([{ about: { code: 0, reason: 'close' } }])
  // Nothing is left that would keep the process.
  expect(await running.ended).toEqual({ code: 0, signal: null })
})

test('a thread that reaches its request limit is replaced, and no request fails', async () => {
  const running = await startListening({ options: { maxRequests: 50 } })
  const load = startLoad(new URL(running.appUrl()).port, 4)
  await until(
    'two workers that have reached their limit',
    async () => ((await running.scrape()).restarts['max_requests'] ?? 0) >= 2,
  )
  const { received, broken, refused } = await stopLoad(load)
  expect({ broken, refused }).toEqual({ broken: 0, refused: 0 })
  expect(await settled(running, 'test_total')).toBe(received)
}, 60_000)

test('on SIGTERM requests in flight are answered, new connections are refused, and no files are left', async () => {
  const running = await startListening()
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const isOurs = (name: string): boolean => {
    const lock = join(parent, name, 'leader.1')
    return name.startsWith('promherd-') && existsSync(lock) && readFileSync(lock, 'utf8').includes(`:${running.pid},`)
  }
  const directory = join(parent, readdirSync(parent).find(isOurs)!)
  const slow = get(running.appUrl('/slow?ms=6000'))
  await running.sees('http_requests_in_flight', 1)
  running.signal('SIGTERM')
  await running.sees('promherd_signals_total{signal="TERM"}', 1)
  await until('the port to be closed', () =>
    get(running.appUrl()).then(
      () => false,
      error => error.code === 'ECONNREFUSED',
    ),
  )
  expect((await running.scrape()).value('http_requests_in_flight')).toBe(1)
  expect((await slow).status).toBe(200)
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(existsSync(directory)).toBe(false)
  expect(running.stderr).toBe('')
})

test('a thread that does not exit in time is terminated', async () => {
  const running = await startListening({ options: { threads: 1, drainTimeoutMs: 300 } })
  get(running.appUrl('/slow?ms=60000'), { timeoutMs: 60_000 }).catch(() => {})
  await running.sees('http_requests_in_flight', 1)
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(running.stderr).toBe(
    'promherd: worker 1 did not exit within 300 ms and was killed. Connections in use that this closed: 1.\n',
  )
})

test('SIGQUIT terminates all threads at once', async () => {
  const running = await startListening()
  get(running.appUrl('/busy?ms=60000')).catch(() => {})
  running.signal('SIGQUIT')
  expect(await running.ended).toEqual({ code: 131, signal: null })
})

test('a thread that is ended while it starts exits at once, and not at the deadline', async () => {
  const running = startThreads({ options: { threads: 2, metrics: { port: 0 }, drainTimeoutMs: 60_000 } })
  await running.said('metrics')
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
})
