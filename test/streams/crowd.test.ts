import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Sample, scrape, sum } from '../support/samples.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'

/** Thousands of streams at once: held, counted, and closed to zero. */

/** What the kernel must let one process have open: each side has one of each connection, and some files. */
const OPEN_FILES = 5500

/** Starts a program that may have that many files open; where that is not allowed it ends, and says so. */
function start(script: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const path = fileURLToPath(new URL(`./fixtures/${script}`, import.meta.url))
  const limit = `ulimit -n ${OPEN_FILES} || { echo 'Expected to be allowed ${OPEN_FILES} open files. Raise the limit (ulimit -Hn), or set PROMHERD_SKIP=open-files.' >&2; exit 1; }`
  const child = spawn('/bin/sh', ['-c', `${limit}; exec "$@"`, 'sh', process.execPath, path, ...args], {
    env: { ...process.env, PROMETHEUS_MULTIPROC_DIR: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGQUIT')
    await ended
  })
  return child
}

/** Where a server listens, and its metrics; rejects with what it said where it has ended instead. */
function addressesOf(server: ChildProcess): Promise<{ app: number; metrics: string }> {
  let [text, complaint] = ['', '']
  server.stdout!.setEncoding('utf8').on('data', piece => {
    text += piece
  })
  server.stderr!.setEncoding('utf8').on('data', piece => {
    complaint += piece
  })
  return until(
    () => {
      if (server.exitCode !== null) throw new Error(complaint)
      const lines = text.split('\n').slice(0, -1)
      const said = Object.assign({}, ...lines.map(line => JSON.parse(line)))
      return said.ready && said.app ? said : undefined
    },
    { what: 'a server' },
  )
}

async function hold(client: ChildProcess, kind: 'sse' | 'upgrade', count: number): Promise<void> {
  const answered = once(client, 'message')
  client.send([kind, count])
  expect((await answered)[0]).toEqual({ open: count })
}

test.for([
  [5000, 'one process', 0],
  [1000, 'a cluster of two', 2],
] as const)('%i streams with %s are counted exactly, and closed to zero', async ([streams, , workers], context) => {
  needs(context, 'open-files')
  /** Of events, and of upgraded connections. */
  const each = streams / 2
  const { app, metrics } = await addressesOf(start('crowd.mjs', [], { WORKERS: String(workers) }))
  const client = start('crowd-client.mjs', [String(app)], {})
  const sees = (counts: { sse: number; upgrade: number; ended: number }): Promise<Sample[]> =>
    until(
      async () => {
        const samples = await scrape(metrics)
        const open = (kind: string) => sum(samples, 'http_streams_open', { kind })
        const ended = sum(samples, 'http_requests_total')
        if (open('sse') !== counts.sse || open('upgrade') !== counts.upgrade || ended !== counts.ended) return undefined
        return samples
      },
      { what: JSON.stringify(counts), deadlineMs: 30_000 },
    )
  const before = await sees({ sse: 0, upgrade: 0, ended: 0 })
  await hold(client, 'sse', each)
  await sees({ sse: each, upgrade: 0, ended: 0 })
  await hold(client, 'upgrade', each)
  const full = await sees({ sse: each, upgrade: each, ended: 0 })
  expect(sum(full, 'http_requests_in_flight')).toBe(0)
  const [sse, upgrade] = [0.4 * each, 0.6 * each]
  await hold(client, 'sse', sse)
  await hold(client, 'upgrade', upgrade)
  await sees({ sse, upgrade, ended: 2 * each - sse - upgrade })
  await hold(client, 'sse', 0)
  await hold(client, 'upgrade', 0)
  const empty = await sees({ sse: 0, upgrade: 0, ended: 2 * each })
  expect(sum(empty, 'http_requests_total', { status_code: '200' })).toBe(each)
  expect(sum(empty, 'http_requests_total', { status_code: '101' })).toBe(each)
  expect(sum(empty, 'http_request_duration_seconds_count')).toBe(0)
  expect(sum(empty, 'http_request_errors_total')).toBe(0)
  showsItsLoops(full, Math.max(1, workers))
  const resident = (samples: readonly Sample[]): number => sum(samples, 'promherd_worker_resident_memory_bytes')
  console.log(
    `${workers || 1} x: ${Math.round((resident(full) - resident(before)) / (2 * each) / 1024)} KiB of memory for each stream`,
  )
  // It was there to be measured: a stream takes some KiB, of the socket and of its buffers.
  expect(resident(full) - resident(before)).toBeGreaterThan(2 * each * 1024)
})

/** What the event loops say of themselves is possible. */
function showsItsLoops(samples: readonly Sample[], workers: number): void {
  for (let worker = 1; worker <= workers; worker++) {
    const labels = { worker: String(worker) }
    const utilization = sum(samples, 'promherd_worker_event_loop_utilization_ratio', labels)
    expect(utilization).toBeGreaterThan(0)
    expect(utilization).toBeLessThanOrEqual(1)
    const delays = sum(samples, 'promherd_worker_event_loop_delay_seconds_count', labels)
    expect(delays).toBeGreaterThan(0)
    // Nothing in it blocks for long: the kernel is what is asked most.
    expect(sum(samples, 'promherd_worker_event_loop_delay_seconds_sum', labels) / delays).toBeLessThan(2.5)
  }
}
