import { setImmediate as nextTurn } from 'node:timers/promises'
import { defaultMonitor, type Monitor } from '../monitor.ts'
import { isOurs, type ToPrimary, type ToWorker } from './messages.ts'
import { Servers } from './servers.ts'

/** Runs the application in a worker: says when it listens, and ends it when the primary says so. */
export function runWorker(entry: () => unknown): void {
  const monitor = defaultMonitor()
  monitor.store.setState('starting')
  const servers = new Servers(() => {
    if (draining) return
    monitor.store.setState('running')
    tell({ promherd: 'listening' })
  })
  let draining = false
  process.on('message', (message: unknown) => {
    if (!isOurs<ToWorker>(message)) return
    if (message.promherd === 'collect') void answerCollect(monitor, message.id)
    if (message.promherd !== 'drain' || draining) return
    draining = true
    void drain(monitor, servers)
  })
  // A terminal sends these to the whole group, a supervisor to all it knows: what they mean, the primary decides.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  tell({ promherd: 'started' })
  void start(entry)
}

async function start(entry: () => unknown): Promise<void> {
  try {
    await entry()
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`promherd: the application could not be started: ${text}\n`)
    process.exit(1)
  }
}

async function answerCollect(monitor: Monitor, id: number): Promise<void> {
  await monitor.collect()
  tell({ promherd: 'collected', id })
}

async function drain(monitor: Monitor, servers: Servers): Promise<void> {
  monitor.store.setState('draining')
  await servers.drain()
  // A response closes after its connection: what it counts then is counted before the last numbers are written.
  await nextTurn()
  await monitor.collect()
  process.exit(0)
}

function tell(message: ToPrimary): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
