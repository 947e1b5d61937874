import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, type Running, release, startProcess, startReady, until } from './running.ts'

/** What goes wrong at the wrong moment: one clear message each, no process left, no file left. */

function ownDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** The processes of a group, without zombies. */
function processesOf(group: number): number[] {
  const isMember = (pid: string): boolean => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [state, , groupOfIt] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state !== 'Z' && groupOfIt === String(group)
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && isMember(name))
    .map(Number)
}

/** What a cluster has left that has ended: processes, and files in its directory. */
function leftBy(running: Running, directory: string): { processes: number[]; files: string[] } {
  return { processes: processesOf(running.pid), files: readdirSync(directory) }
}

/** Ends a cluster by SIGTERM; answers what it has left. */
async function leftAfterEnd(running: Running, directory: string): Promise<ReturnType<typeof leftBy>> {
  expect(processesOf(running.pid)).toContain(running.pid)
  expect(readdirSync(directory).length).toBeGreaterThan(0)
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  return leftBy(running, directory)
}

const NOTHING = { processes: [], files: [] }

function start(entry: string, directory: string, options = {}): Running {
  // A directory that was given, since it stays: so what is in it at last can be counted.
  return startProcess({
    options: { workers: 2, metrics: { port: 0, directory }, startTimeoutMs: 300, ...options },
    env: { ENTRY: entry },
    group: true,
  })
}

test.each([
  ['a port out of range', { metrics: { port: 70_000 } }, '`startCluster.metrics.port` to be an integer from 0 to'],
  ['no workers', { workers: 0 }, '`startCluster.workers` to be an integer from 1 to 1024, but got 0.'],
])('%s is rejected before anything is created', async (_, options, message) => {
  const directory = ownDirectory()
  const env = { PROMETHEUS_MULTIPROC_DIR: directory }
  const running = startProcess({ options, env, group: true })
  expect(await running.ended).toEqual({ code: 1, signal: null })
  const said = running.stderr.match(/^PromherdError: Expected .*/gm)
  expect(said).toHaveLength(1)
  expect(said![0]).toContain(message)
  expect(leftBy(running, directory)).toEqual(NOTHING)
})

test('an application that never listens is logged once for each worker, and exits on SIGTERM', async () => {
  const directory = ownDirectory()
  const running = start('./silent.mjs', directory)
  await until('a word', () => running.stderr.split('\n').length > 2)
  expect(running.stderr).toMatch(
    /^(promherd: worker [12] \(process \d+\) did not listen within 300 ms\. The primary continues to wait for it\. Check that the application calls listen\(\)\.\n){2}$/,
  )
  expect(await get(running.metricsUrl('/-/ready'))).toMatchObject({
    status: 503,
    body: 'No worker is listening yet.\n',
  })
  expect(await leftAfterEnd(running, directory)).toEqual(NOTHING)
})

test('an application that exits at once is logged once for each worker, and leaves no files', async () => {
  const directory = ownDirectory()
  // It may take its time to end where the machine is busy, and is not to be waited for aloud.
  const running = start('./leaving.mjs', directory, { startTimeoutMs: 60_000 })
  await running.said('metrics')
  const restarts = 'promherd_worker_restarts_total{worker="2",reason="exit"}'
  await until('the second try', async () => (await running.scrape()).value(restarts)! >= 2)
  await until('both to be logged', () => running.stderr.split('\n').length > 2)
  expect(await leftAfterEnd(running, directory)).toEqual(NOTHING)
  expect(running.stderr).toMatch(
    /^(promherd: worker [12] \(process \d+\) exited with code 0 \(exit\); a replacement starts in 100 ms[^\n]*\n){2}$/,
  )
})

test('signals to a primary that is starting are handled', async () => {
  const directory = ownDirectory()
  const running = start('./app.mjs', directory, { startTimeoutMs: 60_000 })
  // Said before any worker can have started: the port is the primary's own.
  await running.said('metrics')
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const) running.signal(signal)
  await running.sees('promherd_worker_restarts_total{worker="2",reason="reload"}', 1)
  await running.sees('promherd_stores{state="live"}', 3)
  const samples = await running.scrape()
  expect(samples.restarts).toEqual({ reload: 2 })
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  expect(running.stderr).toBe('')
  expect(await leftAfterEnd(running, directory)).toEqual(NOTHING)
})

test('a primary that is closing ignores signals that change the workers', async () => {
  const directory = ownDirectory()
  const running = await startReady({ options: { metrics: { port: 0, directory } }, group: true })
  const slow = get(running.appUrl('/held'))
  await running.sees('http_requests_in_flight', 1)
  running.signal('SIGTERM')
  await running.sees('promherd_signals_total{signal="TERM"}', 1)
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU'] as const) running.signal(signal)
  await running.sees('promherd_signals_total{signal="TTOU"}', 1)
  release(...(running.all('ready')[0] as { pid: number }[]).map(({ pid }) => pid))
  expect((await slow).status).toBe(200)
  expect(await running.ended).toEqual({ code: 0, signal: null })
  const said = running.stderr.trim().split('\n').sort()
  expect(said).toEqual(
    ['HUP', 'TTIN', 'TTOU'].map(name => `promherd: SIG${name} is ignored, because the workers are being ended.`),
  )
  expect(leftBy(running, directory)).toEqual(NOTHING)
})

test('a second primary in a directory exits, and does not change the files of the first', async () => {
  const directory = ownDirectory()
  const first = await startReady({ options: { workers: 1, metrics: { port: 0, directory } }, group: true })
  const files = readdirSync(directory).sort()
  const second = startProcess({ options: { workers: 1, metrics: { port: 0, directory } }, group: true })
  expect((await second.ended).code).toBe(1)
  expect(second.stderr.match(/Expected .*/g)).toEqual([
    `Expected to be the only primary of \`${directory}\`, but process ${first.pid} already is. Stop it, or give each herd a directory of its own.`,
  ])
  expect(processesOf(second.pid)).toEqual([])
  expect(readdirSync(directory).sort()).toEqual(files)
  expect((await get(first.appUrl())).status).toBe(200)
  expect(await leftAfterEnd(first, directory)).toEqual(NOTHING)
})

test('a cluster that is closed by close() leaves no processes and no files', async () => {
  const running = await startReady({ group: true })
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const isOurs = (name: string): boolean => {
    const lock = join(parent, name, 'leader.1')
    return name.startsWith('promherd-') && existsSync(lock) && readFileSync(lock, 'utf8').includes(`:${running.pid},`)
  }
  const own = readdirSync(parent).find(isOurs)!
  expect(processesOf(running.pid)).toHaveLength(3)
  await running.call('close')
  // With nothing left to do it ends by itself, and may have.
  expect(processesOf(running.pid).filter(pid => pid !== running.pid)).toEqual([])
  expect(existsSync(join(parent, own))).toBe(false)
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(processesOf(running.pid)).toEqual([])
})
