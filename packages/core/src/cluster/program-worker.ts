import cluster from 'node:cluster'
import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { resolveConfig } from '../config/resolve.ts'
import { createMonitor, offerDefaultMonitor } from '../monitor.ts'
import { processLine } from './line.ts'
import { ignoreSignals, runWorker } from './worker.ts'

/**
 * Loaded before a program in its worker: what `startCluster` does around its entry. Processes and threads that the
 * program makes inherit the options of Node, and load this too: it is nothing to them.
 */
if (cluster.isWorker && isMainThread) {
  const { config } = await resolveConfig({ keys: new Set(['slab']) })
  const { slab, promClient, onWarning, maxRequests, maxRequestsJitter } = config
  offerDefaultMonitor(createMonitor({ slab, promClient, onWarning }))
  ignoreSignals()
  runWorker({ maxRequests, maxRequestsJitter }, processLine, () => {}, leave)
}

/**
 * A program that wants to hear of its end hears of it when all is answered: then it says itself when it is done. Where
 * it takes too long the primary ends it.
 */
function leave(): void {
  // One listener is ours.
  if (process.listenerCount('SIGTERM') < 2) process.exit(0)
  process.channel?.unref()
  ;(process as EventEmitter).emit('SIGTERM', 'SIGTERM', constants.signals.SIGTERM)
}
