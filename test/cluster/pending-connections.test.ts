import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { get, type Running, startReady, until } from './running.ts'

/** Connections that Node's primary was just handing to a worker which is killed. */

const LANES = 8
const WORKERS = 2
const KILLS = 4
/** How long each lane waits after an answer: a connection is on its way at any moment, and workers can start. */
const PAUSE_MS = 10

interface Outcome {
  answered: number
  /** The connection was closed: its client knows at once. */
  broken: number
  /** Neither answered nor closed. */
  waiting: number
}

/** One connection after the other, each with one request. */
async function connectAgainAndAgain(running: Running, isOver: () => boolean, outcome: Outcome): Promise<void> {
  while (!isOver()) {
    try {
      await get(running.appUrl(), { timeoutMs: 20_000 })
      outcome.answered++
      await delay(PAUSE_MS)
    } catch (error) {
      if ((error as Error).name === 'AbortError' || (error as Error).name === 'TimeoutError') outcome.waiting++
      else outcome.broken++
    }
  }
}

test('no client of a killed worker waits forever for its connection to be accepted', async () => {
  const running = await startReady({ options: { workers: WORKERS } })
  const outcome: Outcome = { answered: 0, broken: 0, waiting: 0 }
  let isOver = false
  const lanes = Array.from({ length: LANES }, () => connectAgainAndAgain(running, () => isOver, outcome))
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = (kill % WORKERS) + 1
    const answered = outcome.answered
    await until('some answers', () => outcome.answered > answered + 50)
    const victim = await until('a worker', () => running.pidOf(worker))
    process.kill(victim, 'SIGKILL')
    await until('another', async () => {
      const pid = await running.pidOf(worker)
      return pid !== undefined && pid !== victim
    })
  }
  isOver = true
  await Promise.all(lanes)
  expect(outcome.waiting).toBe(0)
  expect((await running.scrape()).restarts).toEqual({ killed: KILLS })
}, 90_000)

test('pending connections of the only worker are answered by the next worker when it is killed', async () => {
  const running = await startReady({ options: { workers: 1 } })
  const pid = (await running.pidOf(1))!
  // It takes no connection any more.
  process.kill(pid, 'SIGSTOP')
  // The first is sent to the worker, the others wait for its answer.
  const answers = Promise.all(Array.from({ length: 4 }, () => get(running.appUrl(), { timeoutMs: 30_000 })))
  await until('the primary to have handed one over', async () => (await running.scrape()).text !== '')
  process.kill(pid, 'SIGKILL')
  const bodies = (await answers).map(({ body }) => body)
  expect(bodies).toEqual(Array.from({ length: 4 }, () => bodies[0]))
  expect(bodies[0]).toBe(`1 ${await running.pidOf(1)}`)
}, 60_000)

test('a pending connection of a killed worker is answered by another worker', async () => {
  const running = await startReady({ options: { workers: 2 } })
  const pid = (await running.pidOf(1))!
  process.kill(pid, 'SIGSTOP')
  // Each worker gets one of the first two connections; the worker that has answered gets the next.
  const answers = Promise.all(Array.from({ length: 4 }, () => get(running.appUrl(), { timeoutMs: 15_000 })))
  await until('three to be answered', async () => (await running.scrape()).value('test_total') === 3)
  process.kill(pid, 'SIGKILL')
  const second = await running.pidOf(2)
  for (const { status, body } of await answers) expect([status, body]).toEqual([200, `2 ${second}`])
  expect((await running.scrape()).value('promherd_worker_lost_requests_total{worker="1"}')).toBe(0)
})

test('a connection that a killed worker has read from and not acknowledged is closed at once', async () => {
  const entry = fileURLToPath(new URL('./fixtures/clogged.mjs', import.meta.url))
  const running = await startReady({ options: { workers: 2 }, env: { ENTRY: entry } })
  const error: NodeJS.ErrnoException = await get(running.appUrl(), { timeoutMs: 30_000 }).catch(error => error)
  expect(error.code).toBe('ECONNRESET')
  const restarts = await until('a restart', async () => {
    const { restarts } = await running.scrape()
    return Object.keys(restarts).length > 0 ? restarts : undefined
  })
  // The connection was not handed to the other worker.
  expect(restarts).toEqual({ killed: 1 })
}, 60_000)
