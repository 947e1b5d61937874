import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startThreads as start, type ThreadsOptions } from '@promherd/core/cluster'
import { expect, onTestFinished, test } from 'vitest'
import { get, startProcess as startCluster, until } from '../cluster/running.ts'
import { ROOT, runProcess } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { startReady, startThreads } from './running.ts'

/** What cannot be meant, and what goes wrong at the wrong moment: one clear message each, and nothing left. */

test.each<[string, object, string]>([
  ['no threads', { threads: 0 }, 'Expected `startThreads.threads` to be an integer from 1 to 1024, but got 0.'],
  ['half a thread', { threads: 1.5 }, 'Expected `startThreads.threads` to be an integer from 1 to 1024, but got 1.5.'],
  ['the name that processes have', { workers: 2 }, 'Expected only known options in startThreads, but got `workers`.'],
  ['a slip of the pen', { treads: 2 }, 'but got `treads`. Did you mean `threads`?'],
  [
    'a port out of range',
    { metrics: { port: 70_000 } },
    'Expected `startThreads.metrics.port` to be an integer from 0 to 65535, but got 70000.',
  ],
  [
    'an invalid limit',
    { resourceLimits: { maxOldGenerationSizeMb: -1 } },
    'Expected `startThreads.resourceLimits.maxOldGenerationSizeMb` to be a number above 0, but got -1.',
  ],
  [
    'a value that is not a boolean',
    { waitForListen: 'no' },
    "Expected `startThreads.waitForListen` to be `true` or `false`, but got 'no'.",
  ],
])('%s is rejected', (_, options, message) => {
  expect(() => start(options as ThreadsOptions, () => {})).toThrow(message)
})

test('an entry that is not a function is rejected', () => {
  expect(() => start({ threads: 1 }, './app.js' as never)).toThrow(
    "Expected `entry` to be a function, but got './app.js'. Give a function that starts the application",
  )
})

test('a program that is not a file is rejected, because no thread could run it', async () => {
  const script = "import { startThreads } from '@promherd/core/cluster'; startThreads({}, () => {})"
  const { code, output } = await runProcess(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(ROOT, 'test'),
  })
  expect(code).toBe(1)
  expect(output).toContain(
    'Expected a program file that each thread can run, but there is none. Put the call into a file',
  )
})

test('a call in a thread that promherd has not started is rejected', async () => {
  const running = startThreads({ program: 'nested.mjs' })
  expect(await running.ended).toEqual({ code: 1, signal: null })
  expect(running.stderr).toContain(
    'Expected `startThreads` in the main thread, but this is thread 1. Call it there, once.',
  )
})

test('a worker process cannot be the primary of threads in the same directory', async () => {
  const entry = fileURLToPath(new URL('./fixtures/in-a-worker.mjs', import.meta.url))
  const running = startCluster({ options: { workers: 1, metrics: { port: 0 } }, env: { ENTRY: entry } })
  await until('a word', () => running.stderr.includes('Expected to be the only primary of'))
  expect(running.stderr).toContain(`but process ${running.pid} already is.`)
})

test('a second primary in a directory exits, and does not change the files of the first', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const options = { threads: 1, metrics: { port: 0, directory: directory.path } }
  const first = await startReady({ options })
  const files = readdirSync(directory.path).sort()
  const second = startThreads({ options })
  expect((await second.ended).code).toBe(1)
  expect(second.stderr).toContain(
    `Expected to be the only primary of \`${directory.path}\`, but process ${first.pid} already is.`,
  )
  expect(readdirSync(directory.path).sort()).toEqual(files)
})

test('an application that never listens is logged once for each thread, and exits on SIGTERM', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const running = startThreads({
    options: { threads: 2, metrics: { port: 0, directory: directory.path }, startTimeoutMs: 300 },
    env: { ENTRY: '../../cluster/fixtures/silent.mjs' },
  })
  await until('a word', () => running.stderr.split('\n').length > 2)
  expect(running.stderr).toMatch(
    /^(promherd: worker [12] \(thread \d+\) did not listen within 300 ms\. The primary continues to wait for it\. Check that the application calls listen\(\)\.\n){2}$/,
  )
  expect(await get(running.metricsUrl('/-/ready'))).toMatchObject({ status: 503 })
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
})
