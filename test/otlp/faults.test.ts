import { expect, test } from 'vitest'
import { freePort } from '../support/resources.js'
import { until } from '../support/until.js'
import { ForwardingHerd } from './herd.js'
import { type Answer, Receiver } from './receiver.js'

const INTERVAL = 0.2
/** The primary forwards, however many workers there are. */
const ONE_WORKER = { WORKERS: '1' }

/** How many pushes failed for this reason. */
async function errors(herd: ForwardingHerd, cause: string): Promise<number> {
  return (await herd.value('promherd_forward_errors_total', { sink: 'otlp', cause })) ?? 0
}

/** A herd that forwards to a receiver that answers so, then as it should. */
async function started(options: object, ...answers: Answer[]): Promise<{ receiver: Receiver; herd: ForwardingHerd }> {
  const receiver = await Receiver.start()
  receiver.answer(...answers)
  const herd = await ForwardingHerd.start({ url: receiver.url, interval: INTERVAL, ...options }, ONE_WORKER)
  return { receiver, herd }
}

/** Waits until it was logged that forwarding failed, and that it works again; each once. */
async function toldOfBoth(herd: ForwardingHerd): Promise<void> {
  const logged = /^promherd: forwarding to otlp fails .+\npromherd: forwarding to otlp works again\.\n$/
  await until(() => logged.test(herd.log), { what: `one line for each change; the log: ${herd.log}` })
}

test('a receiver that is down at start gets all counts once it listens', async () => {
  const port = await freePort()
  const herd = await ForwardingHerd.start({ url: `http://127.0.0.1:${port}`, interval: INTERVAL }, ONE_WORKER)
  for (let i = 0; i < 10; i++) expect(await herd.get()).toBe(200)
  await until(async () => (await errors(herd, 'connection')) > 1, { what: 'two errors' })
  const receiver = await Receiver.start({ port })
  await receiver.push('10 requests', push => push.sum('http_requests_total') === 10)
  await toldOfBoth(herd)
})

test('a push to a receiver that does not respond ends at the deadline, and the next has the newest numbers', async () => {
  const { receiver, herd } = await started({ timeout: 3 }, 'silence')
  await receiver.push('anything')
  expect(await herd.get()).toBe(200)
  await receiver.push('one request', push => push.sum('http_requests_total') === 1)
  const [first, second] = receiver.pushes
  // Nothing of the lost push is sent again: there is no queue.
  expect(second!.takenAt).toBeGreaterThan(first!.at)
  expect(await errors(herd, 'timeout')).toBeGreaterThanOrEqual(1)
  const logged = /fails \(timeout: no response within 3 s\).+\npromherd: forwarding to otlp works again\.\n/
  await until(() => logged.test(herd.log), { what: `a line for each change; the log: ${herd.log}` })
})

test('a receiver that requests a delay gets the newest numbers after it', async () => {
  const { receiver, herd } = await started({}, { status: 429, headers: { 'retry-after': '3' } })
  await until(() => receiver.pushes.length >= 2, { what: 'another push' })
  const [first, second] = receiver.pushes
  // The wait begins when the response has come, and a timer may come a millisecond early.
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(2990)
  expect(second!.takenAt).toBeGreaterThan(first!.at + 2000)
  expect(await errors(herd, 'unavailable')).toBe(1)
})

test('a receiver that is overloaded and requests no delay gets the next push after a backoff', async () => {
  const { receiver, herd } = await started({ interval: 3600 }, { status: 503 }, { status: 503 })
  await until(() => receiver.pushes.length === 3, { what: 'two more pushes' })
  expect(await errors(herd, 'unavailable')).toBe(2)
  await toldOfBoth(herd)
})

test('a receiver that rejects the identity or a part gets the next push at the next interval', async () => {
  const { receiver, herd } = await started(
    { interval: 3 },
    { status: 401 },
    { plain: { partialSuccess: { rejectedDataPoints: '7', errorMessage: 'too old' } } },
  )
  await until(() => receiver.pushes.length >= 3, { what: 'two more pushes' })
  const [first, second, third] = receiver.pushes
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(2990)
  expect(third!.at - second!.at).toBeGreaterThanOrEqual(2990)
  expect([await errors(herd, 'auth'), await errors(herd, 'rejected')]).toEqual([1, 1])
  await toldOfBoth(herd)
})
