import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FAMILIES } from '../../packages/core/dist/definitions/metrics.js'
import { createMonitor } from '../../packages/core/dist/monitor/monitor.js'
import { watchEventLoopDelay } from '../../packages/core/dist/runtime/event-loop-delay.js'
import { watchGarbage } from '../../packages/core/dist/runtime/garbage.js'
import { Store } from '../../packages/core/dist/store/store.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'

/** A process that is idle or collects garbage, with one sampler or none. */
const { side, idleMs, collections } = settingsOfThisProcess()
const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })

const SIDES = {
  nothing: idle,
  delay: () => idle(watchEventLoopDelay(store)),
  node_delay: () => idle(monitorEventLoopDelay({ resolution: 10 }).enable()),
  monitor: () => idle(createMonitor({ storage: 'memory', promClient: false })),
  no_observer: collect,
  observer: () => collect(watchGarbage(store)),
}

// Compiling and loading at the start is not part of the cost.
await wait(200)
const before = process.cpuUsage()
await SIDES[side]()
const { user, system } = process.cpuUsage(before)
answer({ cpuMs: (user + system) / 1000, samples: countIn(store.family(FAMILIES.workerEventLoopDelay)) })

function idle() {
  return wait(idleMs)
}

async function collect() {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  for (let i = 0; i < collections; i++) {
    gc({ type: 'minor' })
    await nextTurn()
  }
}

function countIn({ definition, storage }) {
  const slot = store.family(definition).slot([])
  return storage.values.slice(slot, slot + definition.buckets.length + 1).reduce((sum, count) => sum + count, 0)
}
