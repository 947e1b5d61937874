import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { seriesIn } from './metrics.js'

/** A worker that changes 1,000 series repeatedly and is idle after that, with a monitor that copies them or does not. */

const { side, turns, idleMs } = settingsOfThisProcess()
const series = seriesIn(client.register)
const directory = mkdtempSync(join(tmpdir(), 'promherd-bench-'))
const monitor = createMonitor({ directory, promClient: side === 'copied' ? 'auto' : false })
const ns = await count()
// Waits until the last changes are copied.
await wait(300)
answer({ ns, wakes: await idle() })
await monitor.close()
rmSync(directory, { recursive: true, force: true })

/** Nanoseconds of CPU for one recording of prom-client, in turns of the event loop. */
async function count() {
  const before = process.cpuUsage()
  for (let i = 0; i < turns; i++) {
    for (const move of series) move()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / turns / series.length
}

/** The number of times that the main thread is woken up in a second. */
async function idle() {
  const before = waits()
  await wait(idleMs)
  return ((waits() - before) * 1000) / idleMs
}

function waits() {
  const status = readFileSync(`/proc/self/task/${process.pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)[1])
}
