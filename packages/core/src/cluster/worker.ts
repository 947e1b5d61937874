import { setImmediate as nextTurn } from 'node:timers/promises'
import { defaultMonitor, type Monitor } from '../monitor.ts'
import { isOurs, type ToPrimary, type ToWorker } from './messages.ts'
import type { ClusterOptions } from './options.ts'
import { Servers } from './servers.ts'
import { Wear } from './wear.ts'

/**
 * Runs the application in a worker: says when it listens, and ends it when the primary says so. `leave` is called last,
 * when all is answered and written down.
 */
export function runWorker(
  options: Pick<ClusterOptions, 'maxRequests' | 'maxRequestsJitter'>,
  entry: () => unknown,
  leave: () => void = () => process.exit(0),
): void {
  const monitor = defaultMonitor()
  monitor.store.setState('starting')
  const wear = new Wear(options.maxRequests ?? 0, options.maxRequestsJitter ?? 0, () => tell({ promherd: 'worn' }))
  const servers = new Servers({
    onListening: () => {
      if (draining) return
      monitor.store.setState('running')
      tell({ promherd: 'listening' })
    },
    onRequest: () => wear.use(),
  })
  let draining = false
  process.on('message', (message: unknown) => {
    if (!isOurs<ToWorker>(message)) return
    if (message.promherd === 'collect') void answerCollect(monitor, message.id)
    if (message.promherd !== 'drain' || draining) return
    draining = true
    void drain(monitor, servers, message.graceMs).then(leave)
  })
  for (const signal of FOR_THE_PRIMARY) listenInVain(signal)
  tell({ promherd: 'started', store: monitor.store.id })
  void start(entry)
}

/** A terminal sends these to the whole group, a supervisor to all it knows: what they mean, the primary decides. */
const FOR_THE_PRIMARY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const

function listenInVain(signal: NodeJS.Signals): void {
  try {
    process.on(signal, () => {})
  } catch {
    // The platform has no such signal, so nobody can send it.
  }
}

async function start(entry: () => unknown): Promise<void> {
  try {
    await entry()
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    tell({ promherd: 'failed', error: text }, () => process.exit(1))
  }
}

async function answerCollect(monitor: Monitor, id: number): Promise<void> {
  await monitor.collect()
  tell({ promherd: 'collected', id })
}

async function drain(monitor: Monitor, servers: Servers, graceMs: number): Promise<void> {
  monitor.store.setState('draining')
  await servers.drain(graceMs)
  // A response closes after its connection: what it counts then is counted before the last numbers are written.
  await nextTurn()
  await monitor.collect()
}

function tell(message: ToPrimary, done: () => void = () => {}): void {
  if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, done)
  else done()
}
