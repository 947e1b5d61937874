import cluster from 'node:cluster'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { Herd } from '../../packages/core/dist/herd/herd.js'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { createMonitor } from '../../packages/core/dist/monitor/monitor.js'
import { Renderer } from '../../packages/core/dist/server/renderer.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'
import { FAMILY, lead, work, workersHere } from './stage.js'

/** The aggregation of promherd: the primary reads the stores of the workers in the directory. */

const settings = settingsOfThisProcess()

if (cluster.isPrimary) {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
  process.env.PROMETHEUS_MULTIPROC_DIR = directory
  const herd = new Herd({ directory })
  let snapshotMs = 0
  const source = {
    async snapshot() {
      const startedAt = performance.now()
      const snapshot = await herd.snapshot()
      snapshotMs = performance.now() - startedAt
      return snapshot
    },
  }
  // As on the metrics port.
  const renderer = new Renderer(source, async () => {})
  let rendering
  const scrape = async () => {
    const startedAt = performance.now()
    rendering?.leave()
    rendering = await renderer.render('text')
    return { pieces: rendering.text.pieces, snapshotMs, encodeMs: performance.now() - startedAt - snapshotMs }
  }
  await lead(settings, scrape, async () => {
    await herd.close()
    rmSync(directory, { recursive: true, force: true })
  })
} else {
  // Several monitors in one process, each with a listener for `exit`, where a benchmark needs few processes.
  process.setMaxListeners(0)
  const stores = workersHere(settings).map(openStore)
  work({
    fill() {
      for (const { worker, observe } of stores) {
        for (let i = 0; i < settings.series; i++) {
          for (const seconds of observationsOf(worker, i)) observe(i, seconds)
        }
      }
      for (const { store } of stores) store.flush()
    },
    change() {
      for (const { store, observe } of stores) {
        for (let i = 0; i < settings.series; i += 100) observe(i, 1)
        store.flush()
      }
    },
  })
}

function openStore(worker) {
  const { store } = internalsOf(createMonitor({ worker }))
  const definition = { name: FAMILY, type: 'histogram', help: 'Durations.', labels: LABELS, buckets: DURATION_BUCKETS }
  const family = store.family({ ...definition, aggregator: 'sum' }, settings.series + 1)
  const observe = (i, seconds) => {
    const slot = family.slot(seriesLabels(i))
    const bucket = DURATION_BUCKETS.findIndex(bound => seconds <= bound)
    const { values } = store.storage
    values[slot + (bucket < 0 ? DURATION_BUCKETS.length : bucket)]++
    values[slot + DURATION_BUCKETS.length + 1] += seconds
  }
  return { worker, store, observe }
}
