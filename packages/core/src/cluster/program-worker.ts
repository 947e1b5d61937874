import cluster from 'node:cluster'
import { subscribe } from 'node:diagnostics_channel'
import { isMainThread } from 'node:worker_threads'
import { resolveConfig } from '../config/resolve.ts'
import { createMonitor, offerDefaultMonitor } from '../monitor.ts'
import { processLine } from './line.ts'
import { runWorker } from './worker.ts'

/**
 * Loaded before a program in its worker: what `startCluster` does around its entry. Processes and threads that the
 * program makes inherit the options of Node, and load this too: it is nothing to them.
 */
if (cluster.isWorker && isMainThread) {
  const { config } = await resolveConfig({ keys: new Set(['slab']) })
  const { slab, promClient, onWarning, maxRequests, maxRequestsJitter } = config
  offerDefaultMonitor(createMonitor({ slab, promClient, onWarning }))
  runWorker({ maxRequests, maxRequestsJitter }, processLine, () => {})
  endWithTheProgram()
}

/**
 * A program that has nothing more to do ends, as it would alone: what the primary may still say keeps it only from when
 * it wants a port, for which the primary is asked.
 */
function endWithTheProgram(): void {
  process.channel?.unref()
  const wait = (): void => process.channel?.ref()
  for (const channel of ['tracing:net.server.listen:asyncStart', 'udp.socket']) subscribe(channel, wait)
}
