import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { defaultMonitor } from '../../monitor/default-monitor.ts'
import { internalsOf } from '../../monitor/internals.ts'
import type { Monitor } from '../../monitor/monitor.ts'
import type { Line } from '../channel.ts'
import { type DrainRequest, isOurs, type ToWorker } from '../messages.ts'
import { ProgramEnd } from './program-end.ts'
import { Wear } from './request-limit.ts'
import { Servers } from './servers.ts'

/** Runs the application in a worker: reports when it is up, and ends it when the primary requests it. */
export function runWorker(options: WorkerOptions, line: Line, entry: () => unknown): void {
  const monitor = defaultMonitor()
  const { store, location } = internalsOf(monitor)
  store.setState('starting')
  const wear = new Wear(options.maxRequests ?? 0, options.maxRequestsJitter ?? 0, () => line.tell({ promherd: 'worn' }))
  const onUp = (): void => {
    if (draining) return
    store.setState('running')
    line.tell({ promherd: 'listening' })
  }
  let hasServed = false
  const onRequest = (): void => {
    if (!hasServed) line.tell({ promherd: 'served' })
    hasServed = true
    wear.use()
  }
  const servers = new Servers({ onListening: onUp, onRequest })
  const program = new ProgramEnd(() => {
    line.tell({ promherd: 'ends_itself' })
    line.release()
  })
  let draining = false
  line.listen(message => {
    if (!isOurs<ToWorker>(message)) return
    if (message.promherd === 'store_in') location.moveTo(message.directory)
    if (message.promherd === 'report_cut') {
      line.tell({ promherd: 'cut', reason: 'deadline', connections: servers.connectionsInUse })
    }
    if (message.promherd !== 'drain' || draining) return
    draining = true
    void end(message, { monitor, servers, program, line })
  })
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  line.tell({ promherd: 'started', store: store.id, heap: { used, limit } })
  location.watch(lack => line.tell({ promherd: 'storage', lack }))
  void start(entry, line, options.waitForListen === false ? onUp : () => {})
}

export interface WorkerOptions {
  readonly maxRequests?: number | undefined
  readonly maxRequestsJitter?: number | undefined
  /** False if the application never listens, and is up once `entry` has run. */
  readonly waitForListen?: boolean | undefined
}

async function start(entry: () => unknown, line: Line, onRun: () => void): Promise<void> {
  try {
    await entry()
    onRun()
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    line.tell({ promherd: 'failed', error: text }, () => process.exit(1))
  }
}

interface Parts {
  readonly monitor: Monitor
  readonly servers: Servers
  readonly program: ProgramEnd
  readonly line: Line
}

/** A program that listens for a signal ends itself. Any other is drained, and exits when all requests are answered. */
async function end({ signals, graceMs }: DrainRequest, { monitor, servers, program, line }: Parts): Promise<void> {
  internalsOf(monitor).store.setState('draining')
  if (await program.emit(signals)) {
    servers.keepOff()
    await monitor.collect()
    return
  }
  const connections = await servers.drain(graceMs)
  // A response closes after its connection. Its values must be counted before the last numbers are written.
  await nextTurn()
  await monitor.collect()
  if (connections > 0) line.tell({ promherd: 'cut', reason: 'drain', connections }, () => process.exit(0))
  else process.exit(0)
}
