import { readFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'

/** An idle worker with metrics: reports how often its main thread is woken in a number of seconds. */
const seconds = Number(process.argv[2])
createMonitor()
const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['of'] })
for (let i = 0; i < 1000; i++) counter.inc({ of: String(i) })
setTimeout(() => {
  const before = waits()
  setTimeout(() => process.stdout.write(JSON.stringify(waits() - before)), seconds * 1000)
}, 1000)

/** How often this thread has waited. */
function waits() {
  const status = readFileSync(`/proc/self/task/${process.pid + threadId}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)[1])
}
