import cluster from 'node:cluster'
import { subscribe } from 'node:diagnostics_channel'
import { isMainThread } from 'node:worker_threads'
import { processChannel } from '../cluster/channel.ts'
import { runWorker } from '../cluster/worker/worker.ts'
import { resolveConfig } from '../config/resolve.ts'
import { offerDefaultMonitor } from '../monitor/default-monitor.ts'
import { createMonitor } from '../monitor/monitor.ts'

/**
 * Loaded before a program in its worker: does what `startCluster` does around its entry. Processes and threads that the
 * program creates inherit the options of Node, and load this too: it does nothing in them.
 */
if (cluster.isWorker && isMainThread) {
  const { config } = await resolveConfig({ keys: new Set(['storage']) })
  const { storage, promClient, onWarning, maxRequests, maxRequestsJitter } = config
  offerDefaultMonitor(createMonitor({ storage, promClient, onWarning }))
  runWorker({ maxRequests, maxRequestsJitter }, processChannel, () => {})
  endWithTheProgram()
}

/**
 * A program that has nothing left to do exits, as it would without promherd: the channel to the primary keeps it
 * running only once it needs a port, which it requests from the primary.
 */
function endWithTheProgram(): void {
  process.channel?.unref()
  const wait = (): void => process.channel?.ref()
  for (const channel of ['tracing:net.server.listen:asyncStart', 'udp.socket']) subscribe(channel, wait)
}
