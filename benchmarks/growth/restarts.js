import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Herd } from '../../packages/core/dist/herd/herd.js'
import { HEADER } from '../../packages/core/dist/store/header.js'
import { Store } from '../../packages/core/dist/store/store.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'

/**
 * Stores that are opened, written and closed, one after the other, under one leader. Every second one is closed
 * properly. The others look like the store of a killed process: not closed, and with another start time of the owner.
 * With `ownLabels` each store has a series that no other store has.
 */

const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: ['kind'], buckets: [], aggregator: 'sum' }

const { restarts, ownLabels } = settingsOfThisProcess()
const directory = herdDirectory()
const herd = new Herd({ directory: directory.path })
herd.lead()
await lives(Math.ceil(restarts / 10), 0)
const early = await look()
const before = process.cpuUsage()
await lives(restarts - Math.ceil(restarts / 10), Math.ceil(restarts / 10))
const { user, system } = process.cpuUsage(before)
const late = await look()
await herd.close()
directory.remove()
answer({ early, late, cpuMs: (user + system) / 1000 })

async function lives(count, from) {
  for (let i = from; i < from + count; i++) {
    live(i)
    // Several are retired together, as after a reload.
    if (i % 8 === 7) await herd.retireExited()
  }
  await herd.retireExited()
}

function live(i) {
  const store = new Store({ storage: 'file', directory: directory.path, worker: (i % 8) + 1 })
  const jobs = store.family(JOBS)
  for (const kind of ['mail', ownLabels ? `job ${i}` : 'print']) store.storage.values[jobs.slot([kind])] = 1
  store.close()
  if (i % 2 === 1) abandon(store.paths.values)
}

function abandon(path) {
  const fd = openSync(path, 'r+')
  writeSync(fd, new Uint8Array(Float64Array.of(0).buffer), 0, 8, HEADER.closed * 8)
  writeSync(fd, new Uint8Array(Float64Array.of(1).buffer), 0, 8, HEADER.startTicks * 8)
  closeSync(fd)
}

/** The current state: counts, files, and memory after a garbage collection. */
async function look() {
  const { families } = await herd.snapshot()
  const total = [...(families.find(({ name }) => name === JOBS.name)?.values ?? [])].reduce((sum, n) => sum + n, 0)
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate)
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  const files = readdirSync(directory.path)
  const bytes = files.reduce((sum, name) => sum + statSync(join(directory.path, name)).size, 0)
  return { total, files: files.length, bytes, memory: heapUsed + external }
}
