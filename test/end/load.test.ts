import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type RunningProgram, startProgram, type Way } from '../programs/harness.ts'
import { until } from '../support/until.ts'

/** Fresh connections, one request each, while the program ends or its workers do. */

const ANSWERING = fileURLToPath(new URL('./fixtures/answering.mjs', import.meta.url))
const LANES = 8

interface Outcome {
  answered: number
  /** Connected, and closed or broken off without an answer. */
  broken: number
  refused: number
  /** Neither answered nor closed for ten seconds. */
  hanging: number
}

type Answer = keyof Outcome

/** One request on a connection of its own. */
function ask(port: number, path = '/'): Promise<Answer> {
  return new Promise(resolve => {
    let isConnected = false
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    const settle = (how: Answer): void => {
      resolve(how)
      socket.destroy()
    }
    socket.setEncoding('utf8').setTimeout(10_000, () => settle('hanging'))
    socket.on('connect', () => {
      isConnected = true
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    })
    socket.on('data', piece => {
      answer += piece
    })
    socket.on('error', () => settle(isConnected ? 'broken' : 'refused'))
    socket.on('close', () => settle(answer.startsWith('HTTP/1.1 200') ? 'answered' : 'broken'))
  })
}

/** Sends requests on several connections at a time until it is stopped, or refused with `untilRefused`. */
class Load {
  readonly outcome: Outcome = { answered: 0, broken: 0, refused: 0, hanging: 0 }
  readonly #lanes: Promise<void>[]
  #isOver = false

  constructor(port: number, { untilRefused = false } = {}) {
    const lane = async (): Promise<void> => {
      while (!this.#isOver) {
        const answer = await ask(port)
        this.outcome[answer]++
        if (untilRefused && answer === 'refused') return
      }
    }
    this.#lanes = Array.from({ length: LANES }, lane)
  }

  async answered(count: number): Promise<void> {
    const goal = this.outcome.answered + count
    await until(() => this.outcome.answered >= goal, { what: `${count} answers more`, deadlineMs: 30_000 })
  }

  async end(): Promise<Outcome> {
    await Promise.all(this.#lanes)
    return this.outcome
  }

  stop(): Promise<Outcome> {
    this.#isOver = true
    return this.end()
  }
}

async function serving(way: Way, workers: number, env: Readonly<Record<string, string>> = {}): Promise<RunningProgram> {
  const running = startProgram(way, ANSWERING, { workers, env })
  await running.listening(workers)
  return running
}

async function endUnderLoad(way: Way, workers: number, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const running = await serving(way, workers, env)
  const load = new Load(running.ports[0]!, { untilRefused: true })
  await load.answered(60)
  running.signal('SIGTERM')
  expect((await running.ended).code).toBe(0)
  return load.end()
}

test('without promherd a program loses up to one connection of each lane at SIGTERM under load: those in the queue of its port', async () => {
  const { broken, hanging } = await endUnderLoad('node', 1, { CLOSES: 'itself' })
  expect(broken).toBeLessThanOrEqual(LANES)
  expect(hanging).toBe(0)
}, 180_000)

test.each<[string, Way, Readonly<Record<string, string>>]>([
  ['workers that are drained', 'start', {}],
  ['workers that end themselves', 'start', { CLOSES: 'itself' }],
  ['workers that the kernel hands connections to', 'start', { NODE_CLUSTER_SCHED_POLICY: 'none' }],
  ['threads', 'threads', {}],
  ['threads that end themselves', 'threads', { CLOSES: 'itself' }],
])(
  'a herd of %s loses no connection at SIGTERM under load, and no client waits',
  async (_, way, env) => {
    const { broken, hanging } = await endUnderLoad(way, 2, env)
    expect({ broken, hanging }).toEqual({ broken: 0, hanging: 0 })
  },
  180_000,
)

test('without koffi at most one connection is lost at SIGTERM under load', async () => {
  const withoutKoffi = fileURLToPath(new URL('../threads/fixtures/no-koffi.cjs', import.meta.url))
  const { broken, hanging } = await endUnderLoad('start', 2, { NODE_OPTIONS: `--require ${withoutKoffi}` })
  expect(hanging).toBe(0)
  expect(broken).toBeLessThanOrEqual(1)
}, 180_000)

test('after process.disconnect(), worker.disconnect() and worker.kill() in a worker under load no client waits, and the worker is replaced', async () => {
  const running = await serving('start', 2)
  const port = running.ports[0]!
  const load = new Load(port)
  for (const [left, how] of ['process.disconnect', 'worker.disconnect', 'worker.kill'].entries()) {
    await load.answered(60)
    expect([how, await ask(port, `/leave/${how}`)]).toEqual([how, 'answered'])
    await running.listening(2 + left + 1)
  }
  await load.answered(60)
  const { hanging, refused } = await load.stop()
  expect({ hanging, refused }).toEqual({ hanging: 0, refused: 0 })
}, 90_000)

const CRASH_AFTER = 50
const LIVES = 5

test('while all workers crash repeatedly, connections wait for the next worker, and all are answered', async () => {
  const running = await serving('start', 2, { CRASH_AFTER: `${CRASH_AFTER}` })
  const load = new Load(running.ports[0]!)
  // Each life is younger than what counts as having started.
  await running.listening(LIVES)
  const { hanging, refused, answered } = await load.stop()
  expect({ hanging, refused }).toEqual({ hanging: 0, refused: 0 })
  expect(answered).toBeGreaterThan((LIVES - 2) * CRASH_AFTER * 0.8)
}, 90_000)

test('connections that wait for the only worker are answered by its replacement', async () => {
  const running = await serving('start', 1, { CRASH_AFTER: '1' })
  const port = running.ports[0]!
  await ask(port)
  const answers = [ask(port), ask(port), ask(port)]
  expect((await Promise.all(answers)).filter(answer => answer === 'refused')).toEqual([])
  expect(new Set(running.ports)).toEqual(new Set([port]))
}, 30_000)
