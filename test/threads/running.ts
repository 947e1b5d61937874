import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Running, type Start, startProcess, startShared, until } from '../cluster/running.ts'

/** Threads in processes of their own, as users run them. */

const FIXTURES = new URL('./fixtures/', import.meta.url)

/** A program of the fixtures that ends with the test, if not before. */
export function startThreads({ program = 'threads.mjs', ...start }: Start = {}): Running {
  return startProcess({ ...start, program: fileURLToPath(new URL(program, FIXTURES)) })
}

/** Threads that listen, for the tests of a file that do not disturb each other. */
export function startSharedThreads(options: object): () => Promise<Running> {
  return startShared(() => ({ program: fileURLToPath(new URL('threads.mjs', FIXTURES)), options }))
}

/** Starts threads, and resolves when all of them are up and their metrics can be had. */
export async function startReady(start: Start = {}): Promise<Running> {
  const running = startThreads({ ...start, options: { threads: 2, metrics: { port: 0 }, ...start.options } })
  await running.said('metrics')
  await running.said('ready')
  return running
}

/** Starts threads that listen. */
export async function startListening(start: Start = {}): Promise<Running> {
  const running = await startReady(start)
  await running.said('app')
  return running
}

/** What Node calls the threads that were started in a slot, first to last. */
export function threadsOf(running: Running, worker: number): number[] {
  return startsOf(running)
    .filter(start => start.worker === worker)
    .map(({ thread }) => thread)
}

interface ThreadStart {
  readonly worker: number
  readonly thread: number
}

function startsOf(running: Running): ThreadStart[] {
  const hooks = running.all('hook') as { name: string; about: ThreadStart }[]
  return hooks.filter(({ name }) => name === 'onWorkerStart').map(({ about }) => about)
}

/** Resolves to the sum of a counter once it has stood still for a look. */
export async function settled(running: Running, series: string): Promise<number> {
  let last = -1
  return until(`${series} to settle`, async () => {
    const before = last
    last = (await running.scrape()).value(series) ?? 0
    return last === before ? last : undefined
  })
}

/** How many files a process has open, and how many of them it has mapped from the directories of herds. */
export function filesOf(pid: number): { open: number; mapped: number } {
  const maps = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')
  return {
    open: readdirSync(`/proc/${pid}/fd`).length,
    mapped: maps.filter(line => /\.values( \(deleted\))?$/.test(line)).length,
  }
}
