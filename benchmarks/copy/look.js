import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import client from 'prom-client'
import { PromClientSource } from '../../packages/core/dist/clients/source.js'
import { Store } from '../../packages/core/dist/store/store.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { seriesIn } from './metrics.js'

/** The cost of the synchronous copy of 1,000 series, of which a share has changed since the previous copy. */

const { share, looks } = settingsOfThisProcess()
const register = new client.Registry()
const series = seriesIn(register)
const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
const store = new Store({ storage: 'mmap', directory, worker: 1 })
const source = new PromClientSource(store, [register])
const moving = series.filter((_, i) => i % 100 < share * 100)
for (let i = 0; i < looks; i++) look()
const spent = []
for (let i = 0; i < looks; i++) spent.push(look())
store.close()
rmSync(directory, { recursive: true, force: true })
// A disturbance only adds time, and at least half of the measurements are undisturbed.
answer({ ms: spent.sort((a, b) => a - b)[spent.length >> 1], series: series.length })

function look() {
  for (const move of moving) move()
  const before = performance.now()
  source.look()
  return performance.now() - before
}
