import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { DURATION_BUCKETS } from '../../packages/core/dist/metrics.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { exchanges, LABELS, STATUSES } from '../lib/workload.js'

/** One way of recording exchanges, measured alone in this process: what one costs in CPU time. */

const { side, slab, records, halfErrors } = settingsOfThisProcess()
const mix = exchanges(4096, halfErrors ? STATUSES : undefined)

const SIDES = { promherd: ours, prom_client: rival, clock, loop }
const { record, text, close } = SIDES[side]()

const warmed = Math.min(records, 200_000)
repeat(warmed)
const before = process.cpuUsage()
repeat(records)
const { user, system } = process.cpuUsage(before)
const { samples, digest } = digestOf(await text(), ['http_request_duration_seconds', 'http_requests_total'])
await close()
answer({ ns: ((user + system) * 1000) / records, samples, digest })

function repeat(times) {
  for (let i = 0; i < times; i++) record(mix[i & 4095])
}

function ours() {
  const directory = slab === 'heap' ? undefined : mkdtempSync(join(tmpdir(), 'promherd-bench-'))
  const monitor = createMonitor({ directory, slab })
  const recorder = monitor.http()
  return {
    record: ({ method, route, status, seconds }) => recorder.record(method, route, status, seconds),
    text: () => monitor.metrics(),
    close: async () => {
      await monitor.close()
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}

function rival() {
  const registers = [new client.Registry()]
  const shared = { help: 'The same as ours.', labelNames: LABELS, registers }
  const duration = new client.Histogram({ name: 'http_request_duration_seconds', buckets: DURATION_BUCKETS, ...shared })
  const requests = new client.Counter({ name: 'http_requests_total', ...shared })
  return {
    record: ({ method, route, status, seconds }) => {
      const labels = { method, route, status_code: status }
      duration.observe(labels, seconds)
      requests.inc(labels)
    },
    text: () => registers[0].metrics(),
    close: async () => {},
  }
}

/** The two readings of the clock that any side needs to know a duration. */
function clock() {
  let sum = 0
  return {
    record: () => {
      const startedAt = performance.now()
      sum += performance.now() - startedAt
    },
    text: async () => `clock ${sum}`,
    close: async () => {},
  }
}

/** The loop around all of them, which each figure includes. */
function loop() {
  let sum = 0
  return {
    record: ({ seconds }) => {
      sum += seconds
    },
    text: async () => `loop ${sum}`,
    close: async () => {},
  }
}
