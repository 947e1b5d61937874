import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { cpuNsOf } from '../lib/undisturbed.js'
import { INSTRUMENTS, NAME } from './instruments.js'

/** The cost of one recording into a user's metric. This process measures nothing else. */

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

/** Returns the sum of the recorded values. */
function repeat(times) {
  let sum = 0
  for (let i = 0; i < times; i++) {
    record(i & 1023)
    sum += i & 1023
  }
  return sum
}

/** The value of the metric. Histograms observe 1/64 of each number. */
function sumIn(text) {
  const lines = text.split('\n').filter(line => line.startsWith(`${NAME}{`) || line.startsWith(`${NAME}_sum{`))
  const factor = lines[0]?.startsWith(`${NAME}_sum`) ? 64 : 1
  return lines.reduce((sum, line) => sum + factor * Number(line.slice(line.lastIndexOf(' '))), 0)
}
