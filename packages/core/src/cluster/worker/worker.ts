import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { defaultMonitor } from '../../monitor/default-monitor.ts'
import { internalsOf } from '../../monitor/internals.ts'
import type { Monitor } from '../../monitor/monitor.ts'
import type { Channel } from '../channel.ts'
import { type DrainRequest, isOurs, type ToWorker } from '../messages.ts'
import { ProgramShutdown } from './program-shutdown.ts'
import { RequestLimit } from './request-limit.ts'
import { Servers } from './servers.ts'

/** Runs the application in a worker: reports when it listens, and ends it when the primary requests that. */
export function runWorker(options: WorkerOptions, channel: Channel, entry: () => unknown): void {
  const monitor = defaultMonitor()
  const { store, location } = internalsOf(monitor)
  store.setState('starting')
  const requestLimit = new RequestLimit(options.maxRequests ?? 0, options.maxRequestsJitter ?? 0, () =>
    channel.send({ promherd: 'request_limit' }),
  )
  const onListening = (): void => {
    if (draining) return
    store.setState('running')
    channel.send({ promherd: 'listening' })
  }
  let hasServed = false
  const onRequest = (): void => {
    if (!hasServed) channel.send({ promherd: 'served' })
    hasServed = true
    requestLimit.countRequest()
  }
  const servers = new Servers({ onListening: onListening, onRequest })
  const program = new ProgramShutdown(() => {
    channel.send({ promherd: 'program_exits' })
    channel.unref()
  })
  let draining = false
  channel.listen(message => {
    if (!isOurs<ToWorker>(message)) return
    if (message.promherd === 'store_directory') location.moveTo(message.directory)
    if (message.promherd === 'report_connections') {
      channel.send({ promherd: 'cut_connections', reason: 'deadline', connections: servers.connectionsInUse })
    }
    if (message.promherd !== 'drain' || draining) return
    draining = true
    void end(message, { monitor, servers, program, channel })
  })
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  channel.send({ promherd: 'started', store: store.id, heap: { used, limit } })
  location.watch(missingReason => channel.send({ promherd: 'storage', missingReason }))
  void start(entry, channel, options.waitForListen === false ? onListening : () => {})
}

interface WorkerOptions {
  readonly maxRequests?: number | undefined
  readonly maxRequestsJitter?: number | undefined
  /** False if the application never listens: it counts as started once `entry` has run. */
  readonly waitForListen?: boolean | undefined
}

async function start(entry: () => unknown, channel: Channel, onRun: () => void): Promise<void> {
  try {
    await entry()
    onRun()
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    channel.send({ promherd: 'failed', error: text }, () => process.exit(1))
  }
}

interface Parts {
  readonly monitor: Monitor
  readonly servers: Servers
  readonly program: ProgramShutdown
  readonly channel: Channel
}

/** A program that listens for a signal receives it. Any other is drained, and exits when all requests are answered. */
async function end({ signals, graceMs }: DrainRequest, { monitor, servers, program, channel }: Parts): Promise<void> {
  internalsOf(monitor).store.setState('draining')
  if (await program.emit(signals)) {
    servers.closeListeningSockets()
    await monitor.collect()
    return
  }
  const connections = await servers.drain(graceMs)
  // A response closes after its connection. Its values must be counted before the last numbers are written.
  await nextTurn()
  await monitor.collect()
  if (connections > 0)
    channel.send({ promherd: 'cut_connections', reason: 'drain', connections }, () => process.exit(0))
  else process.exit(0)
}
