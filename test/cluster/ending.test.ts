import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, isAlive, type Running, release, startProcess, startReady, until } from './running.ts'

function pidsOf(running: Running): number[] {
  return (running.all('ready')[0] as { pid: number }[]).map(({ pid }) => pid)
}

/** The directory that a cluster has made for itself. */
function directoryOf(running: Running): string {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const own = readdirSync(parent).find(name => {
    const lock = join(parent, name, 'leader.1')
    return name.startsWith('promherd-') && existsSync(lock) && readFileSync(lock, 'utf8').includes(`:${running.pid},`)
  })
  return join(parent, own!)
}

/** Resolves when a request has reached its worker, which holds it. */
async function inFlight(running: Running): Promise<void> {
  const isTold = (message: unknown) => (message as { of?: string }).of === 'the user'
  await until('the request', () => running.all('message').some(isTold))
}

test.each([
  ['SIGTERM', 'the primary'],
  ['SIGINT', 'the whole group'],
] as const)('%s to %s lets what is in flight be answered, and leaves nothing', async (signal, to) => {
  const running = await startReady({ group: true })
  const directory = directoryOf(running)
  const slow = get(running.appUrl('/held'), { headers: { connection: 'keep-alive' } })
  await inFlight(running)
  if (to === 'the primary') running.signal(signal)
  else running.signalGroup(signal)
  await until('a drain', async () => (await running.scrape()).value('promherd_workers{state="draining"}') === 1)
  const series = `promherd_signals_total{signal="${signal.slice(3)}"}`
  expect((await running.scrape()).value(series)).toBe(1)
  expect(await get(running.metricsUrl('/-/ready'))).toMatchObject({ status: 503 })
  await expect(get(running.appUrl())).rejects.toThrow('ECONNREFUSED')
  release(...pidsOf(running))
  expect(await slow).toMatchObject({ status: 200, headers: { connection: 'close' } })
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(pidsOf(running).map(isAlive)).toEqual([false, false])
  expect(existsSync(directory)).toBe(false)
  expect(running.stderr).toBe('')
})

test('idle and unused connections do not delay the end; a given directory stays, and no other file', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const running = await startReady({ env: { PROMETHEUS_MULTIPROC_DIR: join(parent, 'given') } })
  const { port } = new URL(running.appUrl())
  const unused = connect(Number(port), '127.0.0.1')
  const idle = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void [unused, idle].forEach(socket => void socket.destroy()))
  const answered = new Promise(resolve => idle.once('data', resolve))
  idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await answered
  const closed = [unused, idle].map(
    socket => new Promise(resolve => socket.on('error', () => {}).once('close', resolve)),
  )
  running.signal('SIGTERM')
  await Promise.all(closed)
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(running.stderr).toBe('')
  expect(readdirSync(parent)).toEqual(['given'])
})

test('a worker that does not exit in time is killed', async () => {
  const running = await startReady({ options: { drainTimeoutMs: 1000 } })
  get(running.appUrl('/held')).catch(() => {})
  await inFlight(running)

  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(running.stderr).toMatch(
    /^promherd: worker [12] did not exit within 1000 ms and was killed\. Connections in use that this closed: 1\.\n$/,
  )
})

test.each([
  [['SIGTERM', 'SIGTERM'], 143],
  [['SIGINT', 'SIGINT'], 130],
  [['SIGQUIT'], 131],
] as const)('%o ends all at once', async (signals, code) => {
  const running = await startReady({ options: { workers: 1 } })
  get(running.appUrl('/held')).catch(() => {})
  await inFlight(running)

  const [first, second] = signals
  running.signal(first)
  if (second !== undefined) {
    const counted = `promherd_signals_total{signal="${first.slice(3)}"}`
    await until('the first signal', async () => (await running.scrape()).value(counted) === 1)
    running.signal(second)
  }
  expect(await running.ended).toEqual({ code, signal: null })
  expect(pidsOf(running).map(isAlive)).toEqual([false])
})

test('a cluster that receives a signal while its workers start ends at once, and not at the deadline', async () => {
  const running = startProcess({ options: { workers: 2, metrics: { port: 0 }, drainTimeoutMs: 60_000 } })
  // Said before any worker can have started: the port is the primary's own.
  await running.said('metrics')
  running.signal('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
})

test('workers exit when their primary is killed, and the next primary removes its directory', async () => {
  const killed = await startReady()
  const directory = directoryOf(killed)
  const pids = pidsOf(killed)
  expect(pids.map(isAlive)).toEqual([true, true])
  killed.signal('SIGKILL')
  // No process is left that could remove it. The next cluster of this host does, so that is not checked here.
  await until('the workers to go with it', () => !pids.some(isAlive))
  await startReady({ options: { workers: 1 } })
  expect(existsSync(directory)).toBe(false)
})
