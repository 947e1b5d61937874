import cluster from 'node:cluster'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createMonitor, Herd } from '@promherd/core'
import { TextEncoder004 } from '../../packages/core/dist/exposition/text.js'
import { DURATION_BUCKETS } from '../../packages/core/dist/metrics.js'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'
import { FAMILY, lead, work, workersHere } from './stage.js'

/** promherd's way: the primary reads what the workers have left in the directory. */

const settings = settingsOfThisProcess()

if (cluster.isPrimary) {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
  process.env.PROMETHEUS_MULTIPROC_DIR = directory
  const herd = new Herd({ directory })
  const encoder = new TextEncoder004()
  const scrape = async () => {
    const startedAt = performance.now()
    const snapshot = await herd.snapshot()
    const snapshotMs = performance.now() - startedAt
    const pieces = []
    for (const piece of encoder.encode(snapshot)) {
      pieces.push(piece)
      // As the metrics port does: others have the event loop between two pieces.
      await nextTurn()
    }
    return { pieces, snapshotMs, encodeMs: performance.now() - startedAt - snapshotMs }
  }
  await lead(settings, scrape, async () => {
    await herd.close()
    rmSync(directory, { recursive: true, force: true })
  })
} else {
  // Several monitors in one process, which each listen for its exit: only where a benchmark wants few processes.
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
  const { store } = createMonitor({ worker })
  const definition = { name: FAMILY, type: 'histogram', help: 'Durations.', labels: LABELS, buckets: DURATION_BUCKETS }
  const family = store.family({ ...definition, merge: 'sum' }, settings.series + 1)
  const observe = (i, seconds) => {
    const slot = family.slot(seriesLabels(i))
    const bucket = DURATION_BUCKETS.findIndex(bound => seconds <= bound)
    const { values } = store.slab
    values[slot + (bucket < 0 ? DURATION_BUCKETS.length : bucket)]++
    values[slot + DURATION_BUCKETS.length + 1] += seconds
  }
  return { worker, store, observe }
}
