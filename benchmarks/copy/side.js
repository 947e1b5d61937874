import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { fill } from './metrics.js'

/** The cost of one copy of unchanged metrics. This process measures nothing else. */

const { kind, samples, copies } = settingsOfThisProcess()
const register = new client.Registry()
fill(register, kind, samples)
const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
const monitor = createMonitor({ directory, promClient: [register] })
const copying = await cpuOf(() => monitor.collect())
const reading = await cpuOf(() => Promise.all(register.getMetricsAsArray().map(read)))
const names = register.getMetricsAsArray().map(({ name }) => name)
// Quantiles are served with a worker label.
const own = digestOf(await register.metrics(), names)
const served = digestOf((await monitor.metrics()).replaceAll(',worker="1"}', '}'), names)
await monitor.close()
rmSync(directory, { recursive: true, force: true })
answer({ ms: copying, readingMs: reading, samples: own.samples, equal: own.digest === served.digest })

/** The CPU time of one call in milliseconds, after the code is compiled. */
async function cpuOf(work) {
  for (let i = 0; i < copies; i++) await work()
  const before = process.cpuUsage()
  for (let i = 0; i < copies; i++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / copies
}

function read(metric) {
  return metric.getForPromString?.() ?? metric.get()
}
