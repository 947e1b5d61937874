import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import client from 'prom-client'
import { PromClientCopier } from '../../packages/core/dist/clients/copier.js'
import { Store } from '../../packages/core/dist/store/store.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { seriesIn } from './metrics.js'

/** The cost of the synchronous copy of 1,000 series, of which a share has changed since the previous copy. */

const { share, scans } = settingsOfThisProcess()
const register = new client.Registry()
const series = seriesIn(register)
const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
const store = new Store({ storage: 'mmap', directory, worker: 1 })
const copier = new PromClientCopier(store, [register])
const moving = series.filter((_, i) => i % 100 < share * 100)
for (let i = 0; i < scans; i++) scan()
const spent = []
for (let i = 0; i < scans; i++) spent.push(scan())
store.close()
rmSync(directory, { recursive: true, force: true })
// A disturbance only adds time, and at least half of the measurements are undisturbed.
answer({ ms: spent.sort((a, b) => a - b)[spent.length >> 1], series: series.length })

function scan() {
  for (const move of moving) move()
  const before = performance.now()
  copier.scan()
  return performance.now() - before
}
