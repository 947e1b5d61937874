import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { type Client, connectToAll, type End, isThreads, Life, type PrimaryKind, type WorkerEnd } from './life.ts'
import { LightLoad } from './light-load.ts'

/**
 * How the workers of real programs end while their herd goes on: a program that listens for the signal as it ends alone,
 * any other one drained. No request of a light load fails meanwhile, and no worker is killed.
 */

interface Expected {
  readonly log: readonly string[]
  readonly code: number | null
  readonly signal?: string
  /** What a WebSocket and a stream of events receive. */
  readonly clients: Readonly<Record<Client['kind'], unknown>>
}

const CLOSE_MESSAGES = { webSocket: [1012, 'restart'], eventStream: ['data: bye\n\n', true] }

const PROGRAMS: Readonly<Record<End, Expected>> = {
  drained: {
    log: ['exit 0'],
    code: 0,
    clients: { webSocket: [1006, ''], eventStream: ['', false] },
  },
  itself: { log: ['SIGTERM true 127.0.0.1', 'closed', 'exit 5'], code: 5, clients: CLOSE_MESSAGES },
  terminus: {
    log: ['beforeShutdown true', 'onSignal false', 'onShutdown'],
    code: null,
    signal: 'SIGTERM',
    clients: CLOSE_MESSAGES,
  },
  stoppable: { log: ['SIGTERM true', 'stopped  true', 'exit 0'], code: 0, clients: CLOSE_MESSAGES },
  lightship: { log: ['handler true', 'closed', 'exit 0'], code: 0, clients: CLOSE_MESSAGES },
}

/** Threads have no signal to end by. */
const IN_THREADS: Readonly<Partial<Record<End, Expected>>> = {
  terminus: { log: [...PROGRAMS.terminus.log, 'exit 0'], code: 0, clients: CLOSE_MESSAGES },
}

function expectedOf(end: End, primary: PrimaryKind): Expected {
  return (isThreads(primary) ? IN_THREADS[end] : undefined) ?? PROGRAMS[end]
}

/** What ends workers without ending their herd, and how many of the two. */
const CHANGES = {
  reload: { act: (life: Life) => life.running.signal('SIGHUP'), ends: 2, left: 2, reason: 'reload' },
  watch: {
    act: (life: Life) => writeFileSync(join(life.directory, 'touched.js'), ''),
    ends: 2,
    left: 2,
    reason: 'reload',
  },
  scale: { act: (life: Life) => life.running.signal('SIGTTOU'), ends: 1, left: 1, reason: 'scale' },
} as const

type Change = keyof typeof CHANGES
type Case = readonly [primary: PrimaryKind, end: End, changes: readonly Change[]]

/**
 * Each end with processes, those that differ also with threads; each change with processes, and each primary. A worker is
 * ended by the same code whichever change ends it, so the libraries are tried with the one that starts no other workers.
 */
const CASES: readonly Case[] = [
  ['start', 'drained', ['reload', 'scale']],
  ['start', 'itself', ['watch', 'scale']],
  ['start', 'terminus', ['scale']],
  ['start', 'stoppable', ['scale']],
  ['start', 'lightship', ['scale']],
  ['threads', 'drained', ['scale']],
  ['threads', 'terminus', ['scale']],
  ['startCluster', 'itself', ['reload']],
  ['startThreads', 'itself', ['reload', 'scale']],
]

test.each(CASES)(
  'under %s a program with the shutdown %s exits in its own way, and no request fails: %s',
  async (primary, end, changes) => {
    const life = new Life(primary, end, { isWatched: changes.includes('watch') })
    const load = new LightLoad(await life.listening(), { kept: end === 'drained' ? 2 : 0 })
    const expected = expectedOf(end, primary)
    const ends: WorkerEnd[] = []
    for (const change of changes) {
      const { act, ends: count, left, reason } = CHANGES[change]
      const clients = await connectToAll(life.running.ports[0]!)
      const before = life.logs.size
      await load.answers(20)
      act(life)
      ends.push(...Array(count).fill(endOf(expected, reason)))
      await life.hasEnded(ends.length, left)
      expect([...life.logs.values()].slice(before)).toEqual(Array(count).fill(expected.log))
      await receiveCloseMessages(clients, life, expected)
    }
    await load.answers(20)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(life.ends).toEqual(ends)
    expect(life.running.stderr).not.toContain('was killed')
  },
)

function endOf({ code, signal }: Expected, reason: string): WorkerEnd {
  return { code, signal: signal ?? null, reason }
}

/** The clients of workers that have exited receive a message, and those of the others are not disturbed. */
async function receiveCloseMessages(
  clients: readonly Client[],
  life: Life,
  { clients: expected }: Expected,
): Promise<void> {
  const ended = clients.filter(({ worker }) => life.logs.has(worker))
  await until(() => ended.every(({ received }) => received() !== undefined), {
    what: 'the clients to receive a message',
  })
  expect(clients.map(({ kind, received }) => [kind, received()])).toEqual(
    clients.map(client => [client.kind, ended.includes(client) ? expected[client.kind] : undefined]),
  )
}

test.each<[PrimaryKind, End]>([
  ['start', 'drained'],
  ['threads', 'itself'],
])('under %s a worker that reaches its request limit exits by %s, and no request fails', async (primary, end) => {
  const life = new Life(primary, end, { maxRequests: 50 })
  const load = new LightLoad(await life.listening(), { kept: end === 'drained' ? 1 : 0 })
  await life.hasEnded(2)
  await load.stop()
  const expected = expectedOf(end, primary)
  const { ends, logs } = life
  expect(load.failures).toEqual([])
  expect(ends).toEqual(ends.map(() => endOf(expected, 'max_requests')))
  // One more may be ending just now.
  const complete = [...logs.values()].filter(({ length }) => length === expected.log.length)
  expect(complete.length).toBeGreaterThanOrEqual(ends.length)
  for (const log of logs.values()) expect(log).toEqual(expected.log.slice(0, log.length))
  expect(life.running.stderr).not.toContain('was killed')
})
