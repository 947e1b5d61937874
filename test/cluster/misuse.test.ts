import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, isAlive, type Running, startProcess, startReady, until } from './running.ts'

/** What goes wrong at the wrong moment: one clear message each, no process left, no file left. */

function ownDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** The processes that a process has started and that still run. */
function childrenOf(pid: number): number[] {
  const isChild = (other: string): boolean => {
    try {
      const stat = readFileSync(`/proc/${other}/stat`, 'latin1')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(pid)
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && isChild(name))
    .map(Number)
}

/** Ends a cluster by SIGTERM; answers what it has left: processes, and files in its directory. */
async function leftBy(running: Running, directory: string): Promise<{ processes: number[]; files: string[] }> {
  const children = childrenOf(running.pid)
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  return { processes: children.filter(isAlive), files: readdirSync(directory) }
}

const NOTHING = { processes: [], files: [] }

function start(entry: string, directory: string): Running {
  // The cluster makes a directory of its own where there is no memory for files: here.
  return startProcess({
    options: { workers: 2, metrics: { port: 0, directory }, startTimeoutMs: 300 },
    env: { ENTRY: entry },
  })
}

test('an application that never listens is told of once for each worker, and ends when it is told to', async () => {
  const directory = ownDirectory()
  const running = start('./silent.mjs', directory)
  await until('a word', () => running.stderr.split('\n').length > 2)
  expect(running.stderr).toMatch(
    /^(promherd: worker [12] \(process \d+\) does not listen after 300 ms\. It is waited for: see that the application calls listen\(\)\.\n){2}$/,
  )
  expect(await get(running.metricsUrl('/-/ready'))).toMatchObject({
    status: 503,
    body: 'No worker is listening yet.\n',
  })
  expect((await leftBy(running, directory)).processes).toEqual([])
})

test('an application that ends at once leaves no process', async () => {
  const directory = ownDirectory()
  const running = start('./leaving.mjs', directory)
  await running.said('metrics')
  await until('both to be told', () => running.stderr.split('\n').length > 2)
  expect((await leftBy(running, directory)).processes).toEqual([])
  expect(running.stderr.trim().split('\n')).toHaveLength(2)
})

test('signals to a primary that still starts are answered', async () => {
  const directory = ownDirectory()
  const running = startProcess({ options: { workers: 2, metrics: { port: 0, directory } } })
  // Said before any worker can have started: the port is the primary's own.
  await running.said('metrics')
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const) running.signal(signal)
  await running.sees('promherd_worker_restarts_total{worker="2",reason="reload"}', 1)
  await running.sees('promherd_stores{state="live"}', 3)
  const samples = await running.scrape()
  expect(samples.restarts).toEqual({ reload: 2 })
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  expect(running.stderr).toBe('')
  expect((await leftBy(running, directory)).processes).toEqual([])
})

test('signals that change something are refused by a primary that is closing', async () => {
  const running = await startReady()
  const slow = get(running.appUrl('/slow?ms=1500'))
  await running.sees('http_requests_in_flight', 1)
  running.signal('SIGTERM')
  await running.sees('promherd_signals_total{signal="TERM"}', 1)
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU'] as const) running.signal(signal)
  await running.sees('promherd_signals_total{signal="TTOU"}', 1)
  expect((await slow).status).toBe(200)
  expect(await running.ended).toEqual({ code: 0, signal: null })
  const said = running.stderr.trim().split('\n').sort()
  expect(said).toEqual(
    ['HUP', 'TTIN', 'TTOU'].map(
      name => `promherd: SIG${name} came while the workers are being ended: nothing is done.`,
    ),
  )
})

test('a second primary on a directory leaves the files of the first as they were, and ends', async () => {
  const directory = ownDirectory()
  const first = await startReady({ options: { workers: 1, metrics: { port: 0, directory } } })
  const files = readdirSync(directory).sort()
  const second = startProcess({ options: { workers: 1, metrics: { port: 0, directory } } })
  expect((await second.ended).code).toBe(1)
  expect(second.stderr.match(/Expected .*/g)).toEqual([
    `Expected to be the only primary of \`${directory}\`, but process ${first.pid} already is. Stop it, or give each herd a directory of its own.`,
  ])
  expect(readdirSync(directory).sort()).toEqual(files)
  expect((await get(first.appUrl())).status).toBe(200)
})

test('a cluster that is closed by its method leaves neither processes nor files', async () => {
  const running = await startReady()
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const isOurs = (name: string): boolean => {
    const lock = join(parent, name, 'keeper.1')
    return name.startsWith('promherd-') && existsSync(lock) && readFileSync(lock, 'utf8').includes(`:${running.pid},`)
  }
  const own = readdirSync(parent).find(isOurs)!
  const children = childrenOf(running.pid)
  expect(children).toHaveLength(2)
  await running.call('close')
  expect({ processes: children.filter(isAlive), files: [own].filter(name => existsSync(join(parent, name))) }).toEqual(
    NOTHING,
  )
  expect(await running.ended).toEqual({ code: 0, signal: null })
})
