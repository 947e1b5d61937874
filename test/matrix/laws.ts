import { expect } from 'vitest'
import type { Chapter, Exception, Law, Subject } from '../contract/law.ts'
import { EXAMPLES, type Example } from '../support/example.ts'
import { sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { Herd, type Manager, sharesIn, statusOf, workersIn } from './herd.ts'

/** What holds for a herd whoever manages its processes: its metrics, what signals do, and who gets the requests. */

/** What a chapter tries. */
export interface Tries {
  /** @default all */
  readonly examples?: readonly Example[]
  /** @default all */
  readonly laws?: readonly LawName[]
  readonly cannot?: Cannot
}

/** The laws of one manager, in this order on one herd for each example: the last of them ends it. */
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

/** What cannot be had with a manager, and what holds instead. */
export type Cannot = Partial<Record<LawName, Exception<Herd>>>

/** To each route: so many that each worker has its share of them. */
const REQUESTS = 24

/** The longest that `/slow` of an example waits. No manager takes as long to end a process, so the response never comes. */
const CUT_OFF_MS = 60_000

/** What the examples answer: a path, its route and the status, and how often it is asked for. */
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
  sentence: 'Metrics: one scrape has each request once, by the template of its route, whichever worker answered it.',
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
    'Load distribution: each worker’s share is shown, nobody is left out, and the shares add up to all requests.',
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
  sentence: 'Metrics: a worker that is killed takes no count with it, and what is answered afterwards is added.',
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
  sentence: 'Metrics: the worker that comes after a dead one has its number, so restarts make no new series.',
  async run(herd) {
    const numbers = (await herd.isWhole()).map(worker => worker.split('@')[0])
    expect(numbers.sort()).toEqual(Array.from({ length: herd.managed.workers }, (_, i) => String(i + 1)))
  },
}

const RELOAD: Law<Herd> = {
  sentence: 'Signals: a reload replaces every worker, and no count falls.',
  async run(herd) {
    const before = await herd.isWhole()
    await herd.managed.reload()
    await herd.isWhole(before)
    await counted(herd, 2 * REQUESTS)
  },
}

const DRAIN: Law<Herd> = {
  sentence: 'Signals: told to end, it answers what it has accepted, and nobody answers any more.',
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

/** For processes that end at once when they are told to, as Node's do unless somebody listens for the signal. */
export const CUTS_OFF: Exception<Herd> = {
  reason:
    'The process ends at once unless the application listens for the signal. What was in flight is in `promherd_worker_lost_requests_total`, and nowhere else.',
  async instead(herd) {
    const lostBefore = sum(await herd.samples(), 'promherd_worker_lost_requests_total')
    const { answered } = await slowRequest(herd, CUT_OFF_MS)
    await herd.managed.stop()
    expect(await answered).toBeUndefined()
    await herd.sees('one lost request', now => sum(now, 'promherd_worker_lost_requests_total') === lostBefore + 1)
    await isSilent(herd)
  },
}

/** A process alone has nobody who keeps its numbers. */
export const ENDS_WITH_IT: Exception<Herd> = {
  reason: 'The numbers are in the process, and end with it.',
  async instead(herd) {
    await herd.kill()
    await isSilent(herd)
    await expect(herd.samples()).rejects.toThrow()
  },
}

/** Across the borders of a pid namespace only the silence of a minute tells that somebody is dead. */
const REASON =
  'For a minute nobody may know that the dead one is dead: it is shown beside the one after it, which takes another number, and what it had in flight is in flight. Its counts are there all the time.'

export const AFTER_A_MINUTE: Cannot = {
  numbers: {
    reason: REASON,
    async instead(herd) {
      const { workers } = herd.managed
      // A kernel that gives the dead one's namespace number to the next lets it be known at once.
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

/** Waits until exactly so many requests for an item are counted; fails where there are more. */
async function counted(herd: Herd, requests: number): Promise<void> {
  const items = { route: '/items/:id', status_code: '200' }
  await herd.sees(`${requests} requests for an item`, now => sum(now, 'http_requests_total', items) >= requests)
  expect(await herd.requests('/items/:id', 200)).toBe(requests)
}

/** A request that is in flight, and what becomes of it: a status, or undefined where its connection breaks. */
async function slowRequest(herd: Herd, ms: number): Promise<{ answered: Promise<number | undefined> }> {
  const timeoutMs = ms + CUT_OFF_MS
  const answered = statusOf(`${herd.managed.urls[0]}/slow?ms=${ms}`, { timeoutMs }).catch(() => undefined)
  await herd.sees('a request in flight', now => sum(now, 'http_requests_in_flight') >= 1)
  return { answered }
}

/** Waits until nobody listens where the application did. */
async function isSilent(herd: Herd): Promise<void> {
  for (const url of herd.managed.urls) {
    const refuses = async (): Promise<boolean> => (await refusalOf(url)) === 'ECONNREFUSED'
    await until(refuses, { what: `${url} to be closed` })
  }
}

/** The code of the error that a request meets; undefined where it is answered. */
function refusalOf(url: string): Promise<string | undefined> {
  return statusOf(`${url}/`).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  )
}

/** The laws share a herd: each of them goes on where the one before has left it. */
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
