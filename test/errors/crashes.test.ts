import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Herd } from '@promherd/core'
import { describe, expect, onTestFinished, test } from 'vitest'

/** How a process ended, and what it counted before. */
interface End {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

const MODULES = new URL('../../packages/core/dist/', import.meta.url)

/** A process that opens a store, counts its crashes in it if the mode is `counting`, and then runs `body`. */
function program(body: string): string {
  return `
import { Store } from '${new URL('store/store.js', MODULES)}'
import { countCrashes } from '${new URL('runtime/crashes.js', MODULES)}'
const [directory, storage, counting] = process.argv.slice(1)
const store = new Store({ storage, directory, worker: 3 })
process.on('exit', () => store.close())
let stop = () => {}
if (counting === 'counting') stop = countCrashes(store)
${body}`
}

async function run(body: string, directory: string, mode: 'counting' | 'plain', storage = 'file'): Promise<End> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(body), directory, storage, mode])
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [code, signal] = await once(child, 'close')
  const [stdout, stderr] = await output
  return { code, signal, stdout, stderr }
}

/** What the store of a process that ended says, as text: `origin=count` of worker 3. */
async function counted(directory: string): Promise<Record<string, number>> {
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  await herd.close()
  const family = families.find(({ name }) => name === 'promherd_worker_uncaught_errors_total')
  if (family === undefined) throw new Error('the family is not in the snapshot')
  const of = (name: string, i: number): string | undefined => family.labels[i]?.[family.labelNames.indexOf(name)]
  const counts: Record<string, number> = {}
  for (const i of family.labels.keys()) {
    expect(of('worker', i)).toBe('3')
    counts[of('origin', i) ?? ''] = family.values.get(i)
  }
  return counts
}

async function directoryForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'promherd-crashes-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const none = { uncaught_exception: 0, unhandled_rejection: 0 }

const ENDS: readonly [string, string, number, Record<string, number>][] = [
  ['a throw', `setTimeout(() => { throw new TypeError('thrown') }, 1)`, 1, { ...none, uncaught_exception: 1 }],
  ['a throw of no error', `setTimeout(() => { throw null }, 1)`, 1, { ...none, uncaught_exception: 1 }],
  ['a rejection', `Promise.reject(new Error('rejected'))`, 1, { ...none, unhandled_rejection: 1 }],
  ['a rejection with no error', `Promise.reject('a text')`, 1, { ...none, unhandled_rejection: 1 }],
  // A module is evaluated by a promise, so to Node this is a rejection.
  ['a throw at the top of a module', `throw new Error('at once')`, 1, { ...none, unhandled_rejection: 1 }],
  ['no failure', `console.log('well')`, 0, none],
  [
    'a handler of exceptions that continues',
    `process.on('uncaughtException', error => console.log('handled', error.message))
     setTimeout(() => { throw new Error('one') }, 1)
     setTimeout(() => { throw new Error('two') }, 2)
     setTimeout(() => Promise.reject(new Error('three')), 3)`,
    0,
    { uncaught_exception: 2, unhandled_rejection: 1 },
  ],
  [
    'a handler of exceptions that exits',
    `process.on('uncaughtException', () => process.exit(7))
     setTimeout(() => { throw new Error('one') }, 1)`,
    7,
    { ...none, uncaught_exception: 1 },
  ],
  [
    'a handler of rejections that has caught it',
    `process.on('unhandledRejection', error => console.log('handled', error.message))
     Promise.reject(new Error('caught'))`,
    0,
    none,
  ],
  [
    'a handler of rejections that throws',
    `process.on('unhandledRejection', error => { throw error })
     Promise.reject(new Error('thrown again'))`,
    1,
    { ...none, uncaught_exception: 1 },
  ],
]

describe.each(ENDS)('%s', (_name, body, code, counts) => {
  test('is counted, and the process behaves as without promherd', async () => {
    const directory = await directoryForTest()
    const watched = await run(body, directory, 'counting')
    const plain = await run(body, await directoryForTest(), 'plain')
    expect(watched).toEqual(plain)
    expect(watched.code).toBe(code)
    expect(await counted(directory)).toEqual(counts)
  })
})

test.each(['file', 'mmap'])(
  'a count is in the files of a %s store before a handler of the program can kill the process',
  async storage => {
    const directory = await directoryForTest()
    const body = `process.on('uncaughtException', () => process.kill(process.pid, 'SIGKILL'))
    setTimeout(() => { throw new Error('x') }, 1)`
    expect(await run(body, directory, 'counting', storage)).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(await counted(directory)).toEqual({ ...none, uncaught_exception: 1 })
  },
)

test('after the stop nothing is counted, and no listener is left', async () => {
  const directory = await directoryForTest()
  const body = `stop()
    console.log(process.listenerCount('uncaughtExceptionMonitor'))
    setTimeout(() => { throw new Error('x') }, 1)`
  expect(await run(body, directory, 'counting')).toMatchObject({ code: 1, stdout: '0\n' })
  expect(await counted(directory)).toEqual(none)
})

test('a store that was closed before causes no error', async () => {
  const directory = await directoryForTest()
  const body = `store.close()
    if (counting === 'counting') countCrashes(store)
    setTimeout(() => { throw new Error('after the store was closed') }, 1)`
  const watched = await run(body, directory, 'counting')
  const plain = await run(body, await directoryForTest(), 'plain')
  expect(watched).toEqual(plain)
  expect(watched.code).toBe(1)
})

test('a worker thread counts its own errors, and its process keeps running', async () => {
  const directory = await directoryForTest()
  const inner = `(async () => {
    const { Store } = await import('${new URL('store/store.js', MODULES)}')
    const { countCrashes } = await import('${new URL('runtime/crashes.js', MODULES)}')
    const store = new Store({ storage: 'file', directory: ${JSON.stringify(directory)}, worker: 3 })
    countCrashes(store)
    setTimeout(() => { throw new Error('in a thread') }, 1)
  })()`
  const body = `const { Worker } = await import('node:worker_threads')
    new Worker(${JSON.stringify(inner)}, { eval: true }).on('error', error => console.log(error.message))`
  expect(await run(body, await directoryForTest(), 'plain')).toMatchObject({ code: 0, stdout: 'in a thread\n' })
  expect(await counted(directory)).toEqual({ ...none, uncaught_exception: 1 })
})
