import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { cpuNsOf } from '../lib/undisturbed.js'
import { INSTRUMENTS, NAME } from './instruments.js'

/** What one recording into a metric of the user's costs, measured alone in this process. */

const { side, storage, records } = settingsOfThisProcess()
const directory = storage === 'memory' ? undefined : herdDirectory()
const monitor = createMonitor({ directory: directory?.path, storage, promClient: false })
const record = INSTRUMENTS[side].make(monitor)
let sum = repeat(Math.min(records, 200_000))
const ns = cpuNsOf(records, times => {
  sum += repeat(times)
})
const isExact = sumIn(await monitor.metrics()) + sumIn(await client.register.metrics()) === sum
await monitor.close()
directory?.remove()
answer({ ns, isExact })

/** Answers the sum of what it has recorded. */
function repeat(times) {
  let sum = 0
  for (let i = 0; i < times; i++) {
    record(i & 1023)
    sum += i & 1023
  }
  return sum
}

/** What the metric has counted; histograms observe a 64th of each number. */
function sumIn(text) {
  const lines = text.split('\n').filter(line => line.startsWith(`${NAME}{`) || line.startsWith(`${NAME}_sum{`))
  const factor = lines[0]?.startsWith(`${NAME}_sum`) ? 64 : 1
  return lines.reduce((sum, line) => sum + factor * Number(line.slice(line.lastIndexOf(' '))), 0)
}
