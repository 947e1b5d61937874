import { expect, onTestFinished, test } from 'vitest'
import { Warner } from '../base/warner.ts'
import { endHerd, offerHerd } from '../herd/process-herd.ts'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Forwarder } from './forwarder.ts'
import { type Sink, SinkError } from './sink.ts'

/** A sink whose pushes are settled by the test, one after the other. */
class HandSink implements Sink {
  readonly name = 'hand'
  readonly pushes: { snapshot: Snapshot; signal: AbortSignal; end: (error?: unknown) => void }[] = []
  readonly calls: string[] = []
  startError: unknown
  #awaited: (() => void) | undefined

  async start(): Promise<void> {
    this.calls.push('start')
    this.#awaited?.()
    if (this.startError !== undefined) throw this.startError
  }

  push(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    this.calls.push('push')
    return new Promise((resolve, reject) => {
      const end = (error?: unknown): void => (error === undefined ? resolve() : reject(error))
      this.pushes.push({ snapshot, signal, end })
      this.#awaited?.()
    })
  }

  async stop(): Promise<void> {
    this.calls.push('stop')
  }

  /** Resolves after *n* calls. */
  async until(count: number): Promise<void> {
    while (this.calls.length < count) {
      await new Promise<void>(resolve => {
        this.#awaited = resolve
      })
    }
  }

  async nextPush(index: number): Promise<HandSink['pushes'][number]> {
    while (this.pushes.length <= index) await this.until(this.calls.length + 1)
    return this.pushes[index]!
  }
}

interface Scene {
  readonly monitor: Monitor
  readonly sink: HandSink
  readonly forwarder: Forwarder
  readonly said: string[]
  /** The value of a self metric in the herd's own output. */
  value(name: string, ...labels: string[]): Promise<number | undefined>
  end(isUrgent?: boolean): Promise<void>
}

function begin({ intervalMs = 10, deadlineMs = 60_000, sink = new HandSink() } = {}): Scene {
  const monitor = createMonitor()
  const herd = { snapshot: () => monitor.snapshot(), store: internalsOf(monitor).store }
  offerHerd(herd)
  const said: string[] = []
  const warner = new Warner(message => said.push(message))
  const forwarder = new Forwarder({ sink, intervalMs, deadlineMs, warner })
  onTestFinished(async () => {
    for (const { end } of sink.pushes) end()
    await monitor.close()
  })
  const value = async (name: string, ...labels: string[]): Promise<number | undefined> => {
    const family = (await monitor.snapshot()).families.find(each => each.name === name)
    const index = family?.labels.findIndex(each => each.join() === labels.join()) ?? -1
    return index < 0 ? undefined : family!.values.get(index)
  }
  return { monitor, sink, forwarder, said, value, end: isUrgent => endHerd(herd, isUrgent ?? false) }
}

test('there is one push at a time, and a slow one is followed by the newest snapshot', async () => {
  const { monitor, sink, forwarder } = begin()
  const jobs = monitor.counter({ name: 'jobs_total', help: 'Jobs.' })
  const first = await sink.nextPush(0)
  jobs.inc(7)
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(sink.pushes.length).toBe(1)
  first.end()
  const second = await sink.nextPush(1)
  const family = second.snapshot.families.find(({ name }) => name === 'jobs_total')
  expect(family?.values.get(0)).toBe(7)
  second.end()
  const third = await sink.nextPush(2)
  const stopped = forwarder.stop()
  third.end()
  ;(await sink.nextPush(3)).end()
  await stopped
  expect(sink.calls).toEqual(['start', 'push', 'push', 'push', 'push', 'stop'])
})

test('a sink that goes down and comes back is logged once each, and every failure is counted by its cause', async () => {
  const { sink, forwarder, said, value } = begin()
  ;(await sink.nextPush(0)).end(new SinkError('connection', 'connect ECONNREFUSED'))
  ;(await sink.nextPush(1)).end(new SinkError('full', 'no room'))
  ;(await sink.nextPush(2)).end(new Error('anything'))
  const fourth = await sink.nextPush(3)
  expect(await value('promherd_forward_last_success_timestamp_seconds', 'hand')).toBeUndefined()
  fourth.end()
  const fifth = await sink.nextPush(4)
  expect(said).toEqual([
    'forwarding to hand fails (connection: connect ECONNREFUSED). promherd retries until it works; the application is not affected.',
    'forwarding to hand works again.',
  ])
  const counted = ['connection', 'full', 'other', 'timeout'].map(cause =>
    value('promherd_forward_errors_total', 'hand', cause),
  )
  expect(await Promise.all(counted)).toEqual([1, 1, 1, 0])
  expect(await value('promherd_forward_last_success_timestamp_seconds', 'hand')).toBeGreaterThan(Date.now() / 1000 - 60)
  expect(await value('promherd_forward_duration_seconds', 'hand')).toBeGreaterThanOrEqual(0)
  const stopped = forwarder.stop()
  fifth.end()
  ;(await sink.nextPush(5)).end()
  await stopped
})

test('a push that exceeds its deadline is aborted, and a sink that cannot start is started again', async () => {
  const sink = new HandSink()
  sink.startError = new SinkError('connection', 'refused')
  const { forwarder, said, value } = begin({ sink, deadlineMs: 100 })
  await sink.until(2)
  sink.startError = undefined
  const { signal } = await sink.nextPush(0)
  await new Promise(resolve => signal.addEventListener('abort', resolve))
  const second = await sink.nextPush(1)
  expect(sink.calls.filter(call => call === 'start').length).toBe(3)
  expect(await value('promherd_forward_errors_total', 'hand', 'connection')).toBe(2)
  expect(await value('promherd_forward_errors_total', 'hand', 'timeout')).toBe(1)
  expect(said.length).toBe(1)
  const stopped = forwarder.stop()
  second.end()
  ;(await sink.nextPush(2)).end()
  await stopped
})

test('a sink that requests a delay gets no push before it is over', async () => {
  const { sink, forwarder } = begin()
  const at = performance.now()
  ;(await sink.nextPush(0)).end(new SinkError('unavailable', '503', { retryAfterSeconds: 0.3 }))
  const second = await sink.nextPush(1)
  expect(performance.now() - at).toBeGreaterThanOrEqual(300)
  const stopped = forwarder.stop()
  second.end()
  ;(await sink.nextPush(2)).end()
  await stopped
})

test('a herd that ends in order aborts a running push, sends a last snapshot and logs neither', async () => {
  const { sink, said, end } = begin()
  const first = await sink.nextPush(0)
  const ended = end()
  ;(await sink.nextPush(1)).end()
  await ended
  expect(first.signal.aborted).toBe(true)
  expect(sink.calls).toEqual(['start', 'push', 'push', 'stop'])
  expect(said).toEqual([])
})

test('a sink that does not settle delays the end of a herd by a bounded time', async () => {
  const { sink, end } = begin()
  const first = await sink.nextPush(0)
  const at = performance.now()
  await end(true)
  expect(performance.now() - at).toBeGreaterThanOrEqual(490)
  expect(first.signal.aborted).toBe(true)
  expect(sink.pushes[1]!.signal.aborted).toBe(true)
  expect(sink.calls.at(-1)).toBe('stop')
})
