import { expect } from 'vitest'
import type { Chapter, Exception, Law, Subject } from '../contract/law.ts'
import { EXAMPLES, type Example } from '../support/example.ts'
import { sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { Herd, type Manager, sharesIn, statusOf, workersIn } from './herd.ts'

/** The laws for a herd, whichever program manages its processes: metrics, signals, and the distribution of requests. */

/** What a chapter tests. */
export interface Tries {
  /** @default all */
  readonly examples?: readonly Example[]
  /** @default all */
  readonly laws?: readonly LawName[]
  readonly cannot?: Cannot
}

/** The laws of one manager, tested in this order on one herd for each example. The last law stops the herd. */
export function chapterOf(
  manager: Manager,
  { examples = EXAMPLES, laws = ALL, cannot = {} }: Tries = {},
): Chapter<Herd> {
  return {
    title: manager.name,
    about: manager.about,
    subjects: examples.map(example => subjectOf(manager, example)),
    laws: laws.map(name => {
      const exception = cannot[name]
      if (exception === undefined) return LAWS[name]
      return { ...LAWS[name], cannot: Object.fromEntries(examples.map(example => [example, exception])) }
    }),
  }
}

export type LawName = 'counts' | 'shares' | 'deaths' | 'numbers' | 'reload' | 'drain'

/** The laws that do not hold with a manager, and what holds instead. */
export type Cannot = Partial<Record<LawName, Exception<Herd>>>

/** Requests to each route: enough that each worker receives some. */
const REQUESTS = 24

/** The longest time that `/slow` of an example waits. No manager takes as long to stop a process, so there is never a response. */
const CUT_OFF_MS = 60_000

/** The requests to the examples: a path, its route, the status, and the number of requests. */
const ANSWERS = [
  ['/items/1', '/items/:id', 200, REQUESTS],
  ['/items/9', '/items/:id', 404, REQUESTS],
  ['/no/such/path', '_unmatched', 404, REQUESTS],
  ['/', '/', 200, 1],
  ['/api/v1/users/7', '/api/v1/users/:id', 200, 1],
  ['/slow?ms=1', '/slow', 200, 1],
  ['/error', '/error', 500, 1],
  ['/stream', '/stream', 200, 1],
] as const

const COUNTS: Law<Herd> = {
  sentence: 'Metrics: one scrape contains each request once, by the template of its route, whichever worker responded.',
  async run(herd) {
    const expected = await herd.settledCounts()
    for (const [path, route, status, times] of ANSWERS) {
      await herd.send(path, times, status)
      const key = `GET ${route} ${status}`
      expected.set(key, (expected.get(key) ?? 0) + times)
    }
    expect(await herd.settledCounts()).toEqual(expected)
  },
}

const SHARES: Law<Herd> = {
  sentence:
    'Load distribution: each worker’s share is shown, every worker receives requests, and the shares add up to all requests.',
  async run(herd) {
    const all = 3 * REQUESTS
    const samples = await herd.sees('shares', now => sum(now, 'http_requests_total') >= all)
    const shares = [...sharesIn(samples).values()]
    expect(shares).toHaveLength(herd.managed.workers)
    expect(shares.reduce((total, share) => total + share)).toBe(sum(samples, 'http_requests_total'))
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(all / herd.managed.workers / 4)
  },
}

const DEATHS: Law<Herd> = {
  sentence: 'Metrics: the counts of a killed worker are kept, and later requests are added to them.',
  async run(herd) {
    const before = await herd.settledCounts()
    await herd.kill()
    expect(await herd.settledCounts()).toEqual(before)
    for (const url of herd.managed.urls) await herd.answers(url)
    await herd.send('/items/1', REQUESTS, 200)
    await counted(herd, 2 * REQUESTS)
  },
}

const NUMBERS: Law<Herd> = {
  sentence: 'Metrics: the worker that replaces an exited one has the same number, so restarts create no new series.',
  async run(herd) {
    const numbers = (await herd.isWhole()).map(worker => worker.split('@')[0])
    expect(numbers.sort()).toEqual(Array.from({ length: herd.managed.workers }, (_, i) => String(i + 1)))
  },
}

const RELOAD: Law<Herd> = {
  sentence: 'Signals: a reload replaces every worker, and no count decreases.',
  async run(herd) {
    const before = await herd.isWhole()
    await herd.managed.reload()
    await herd.isWhole(before)
    await counted(herd, 2 * REQUESTS)
  },
}

const DRAIN: Law<Herd> = {
  sentence:
    'Signals: after the signal to stop, accepted requests get their responses, and no process listens any more.',
  async run(herd) {
    const { answered } = await slowRequest(herd, 1000)
    await herd.managed.stop()
    expect(await answered).toBe(200)
    await isSilent(herd)
  },
}

const LAWS: Readonly<Record<LawName, Law<Herd>>> = {
  counts: COUNTS,
  shares: SHARES,
  deaths: DEATHS,
  numbers: NUMBERS,
  reload: RELOAD,
  drain: DRAIN,
}
const ALL = Object.keys(LAWS) as LawName[]

/** For processes that exit at once on a signal, as Node does unless the program listens for the signal. */
export const CUTS_OFF: Exception<Herd> = {
  reason:
    'The process ends at once unless the application listens for the signal. Requests in flight are counted in `promherd_worker_lost_requests_total` only.',
  async instead(herd) {
    const lostBefore = sum(await herd.samples(), 'promherd_worker_lost_requests_total')
    const { answered } = await slowRequest(herd, CUT_OFF_MS)
    await herd.managed.stop()
    expect(await answered).toBeUndefined()
    await herd.sees('one lost request', now => sum(now, 'promherd_worker_lost_requests_total') === lostBefore + 1)
    await isSilent(herd)
  },
}

/** No other process stores the counts of a single process. */
export const ENDS_WITH_IT: Exception<Herd> = {
  reason: 'The counts are in the memory of the process and are lost when it exits.',
  async instead(herd) {
    await herd.kill()
    await isSilent(herd)
    await expect(herd.samples()).rejects.toThrow()
  },
}

/** Across pid namespaces, a process is known to have exited only after a minute without a heartbeat. */
const REASON =
  'For a minute no process can detect that the killed one has exited. It is shown beside its replacement, which takes another number, and its requests in flight are still shown. Its counts are always there.'

export const AFTER_A_MINUTE: Cannot = {
  numbers: {
    reason: REASON,
    async instead(herd) {
      const { workers } = herd.managed
      // If the kernel gives the namespace number of the exited process to its replacement, the exit is detected at once.
      const shown = await herd.sees('all workers', now => workersIn(now).length >= workers)
      expect(workersIn(shown).length).toBeLessThanOrEqual(workers + 1)
    },
  },
  reload: {
    reason: REASON,
    async instead(herd) {
      const before = workersIn(await herd.samples())
      await herd.managed.reload()
      for (const url of herd.managed.urls) await herd.answers(url)
      const isNew = (worker: string): boolean => !before.includes(worker)
      await herd.sees('the new ones', now => workersIn(now).filter(isNew).length === herd.managed.workers)
      await counted(herd, 2 * REQUESTS)
    },
  },
  drain: {
    reason: REASON,
    async instead(herd) {
      const { answered } = await slowRequest(herd, CUT_OFF_MS)
      await herd.managed.stop()
      expect(await answered).toBeUndefined()
      await isSilent(herd)
      expect(sum(await herd.samples(), 'http_requests_in_flight')).toBe(1)
    },
  },
}

/** Waits until `requests` requests for an item are counted. Fails if there are more. */
async function counted(herd: Herd, requests: number): Promise<void> {
  const items = { route: '/items/:id', status_code: '200' }
  await herd.sees(`${requests} requests for an item`, now => sum(now, 'http_requests_total', items) >= requests)
  expect(await herd.requests('/items/:id', 200)).toBe(requests)
}

/** A request in flight, and its result: a status, or undefined if the connection is closed without a response. */
async function slowRequest(herd: Herd, ms: number): Promise<{ answered: Promise<number | undefined> }> {
  const timeoutMs = ms + CUT_OFF_MS
  const answered = statusOf(`${herd.managed.urls[0]}/slow?ms=${ms}`, { timeoutMs }).catch(() => undefined)
  await herd.sees('a request in flight', now => sum(now, 'http_requests_in_flight') >= 1)
  return { answered }
}

/** Waits until no process listens on the ports of the application. */
async function isSilent(herd: Herd): Promise<void> {
  for (const url of herd.managed.urls) {
    const refuses = async (): Promise<boolean> => (await refusalOf(url)) === 'ECONNREFUSED'
    await until(refuses, { what: `${url} to be closed` })
  }
}

/** The error code of a request; undefined if there is a response. */
function refusalOf(url: string): Promise<string | undefined> {
  return statusOf(`${url}/`).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  )
}

/** The laws share a herd: each law continues with the state that the previous one has left. */
function subjectOf(manager: Manager, example: Example): Subject<Herd> {
  let started: Promise<Herd> | undefined
  return {
    name: example,
    async within(use) {
      started ??= start()
      await use(await started)
    },
    async end() {
      await (await started)?.managed.end()
    },
  }

  async function start(): Promise<Herd> {
    const herd = new Herd(example, await manager.start(example))
    await herd.isWhole()
    await herd.allAnswer()
    return herd
  }
}
