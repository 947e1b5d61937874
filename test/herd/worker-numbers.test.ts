import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Herd } from '@promherd/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'

/** Processes without an assigned number: each takes the lowest number that no running process uses. */

let directory: ReturnType<typeof temporaryDirectory>
const children: ChildProcess[] = []

beforeEach(() => {
  directory = temporaryDirectory()
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  directory.remove()
})

/** Starts a process of the herd, and answers it with the number that it took. */
async function start(): Promise<{ child: ChildProcess; worker: number }> {
  const script = `
    import { createMonitor } from '@promherd/core'
    import { internalsOf } from '../packages/core/dist/monitor/internals.js'
    console.log(internalsOf(createMonitor()).store.worker)
    process.stdin.on('data', () => process.exit(0))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: `${ROOT}/test`,
    env: { ...process.env, PROMETHEUS_MULTIPROC_DIR: directory.path },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const [worker] = await once(child.stdout!, 'data')
  return { child, worker: Number(worker) }
}

test('processes that start together take different numbers', async () => {
  const workers = (await Promise.all([start(), start(), start(), start()])).map(({ worker }) => worker)
  expect(workers.sort()).toEqual([1, 2, 3, 4])
})

test('the numbers of a killed process and of one that exited are used again', async () => {
  const [first, second] = [await start(), await start()]
  await start()
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect((await start()).worker).toBe(1)
  second.child.stdin!.write('end')
  await once(second.child, 'exit')
  expect((await start()).worker).toBe(2)
  expect((await start()).worker).toBe(4)
})

test('the herd contains each of them once', async () => {
  await Promise.all([start(), start(), start()])
  const herd = new Herd({ directory: directory.path })
  const info = (await herd.snapshot()).families.find(({ name }) => name === 'promherd_worker_info')
  expect(info?.labels.map(([worker]) => worker).sort()).toEqual(['1', '2', '3'])
  await herd.close()
})
