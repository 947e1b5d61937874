import { setImmediate as nextTurn } from 'node:timers/promises'
import { defaultMonitor, type Monitor } from '../monitor.ts'
import type { Line } from './line.ts'
import { isOurs, type ToWorker } from './messages.ts'
import { Servers } from './servers.ts'
import { Wear } from './wear.ts'

/**
 * Runs the application in a worker: says when it is up, and ends it when the primary says so. `leave` is called last,
 * when all is answered and written down.
 */
export function runWorker(
  options: WorkerOptions,
  line: Line,
  entry: () => unknown,
  leave: () => void = () => process.exit(0),
): void {
  const monitor = defaultMonitor()
  monitor.store.setState('starting')
  const wear = new Wear(options.maxRequests ?? 0, options.maxRequestsJitter ?? 0, () => line.tell({ promherd: 'worn' }))
  const onUp = (): void => {
    if (draining) return
    monitor.store.setState('running')
    line.tell({ promherd: 'listening' })
  }
  const servers = new Servers({ onListening: onUp, onRequest: () => wear.use() })
  let draining = false
  line.listen(message => {
    if (!isOurs<ToWorker>(message)) return
    if (message.promherd !== 'drain' || draining) return
    draining = true
    void drain(monitor, servers, message.graceMs).then(leave)
  })
  line.tell({ promherd: 'started', store: monitor.store.id })
  void start(entry, line, options.listens === false ? onUp : () => {})
}

export interface WorkerOptions {
  readonly maxRequests?: number | undefined
  readonly maxRequestsJitter?: number | undefined
  /** False where the application never listens, and is up once `entry` has run. */
  readonly listens?: boolean | undefined
}

/** Leaves it to the primary what the signals mean: a terminal sends them to the whole group, a supervisor to all. */
export function ignoreSignals(): void {
  for (const signal of FOR_THE_PRIMARY) listenInVain(signal)
}

const FOR_THE_PRIMARY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const

function listenInVain(signal: NodeJS.Signals): void {
  try {
    process.on(signal, () => {})
  } catch {
    // The platform has no such signal, so nobody can send it.
  }
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

async function drain(monitor: Monitor, servers: Servers, graceMs: number): Promise<void> {
  monitor.store.setState('draining')
  await servers.drain(graceMs)
  // A response closes after its connection: what it counts then is counted before the last numbers are written.
  await nextTurn()
  await monitor.collect()
}
