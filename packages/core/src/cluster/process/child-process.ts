import cluster, { type Worker } from 'node:cluster'
import { isShared } from '../../files/files.ts'
import type { Child, Exit, Spawner } from '../child.ts'
import { FullHeapDetector } from '../full-heap-detector.ts'
import { isOurs, type ToPrimary } from '../messages.ts'
import { reasonOf } from '../restarts.ts'
import { PendingConnections } from './pending-connections.ts'

/** Starts workers that are processes of Node's cluster, each with a store in `directory`. */
export function processSpawner(directory: string): Spawner {
  const pending = new PendingConnections()
  const spawn = (number: number): Child => {
    const worker = cluster.fork({
      PROMETHEUS_MULTIPROC_DIR: directory,
      PROMHERD_WORKER: String(number),
      PROMHERD_PRIMARY: String(process.pid),
      ...(isShared(directory) && { PROMHERD_SHARED_DIRECTORY: '1' }),
    })
    pending.watch(worker)
    return childProcess(worker, () => pending.stopConnections(worker))
  }
  return { spawn, stopAccepting: () => pending.stopAccepting() }
}

function childProcess(worker: Worker, stopConnections: () => void): Child {
  const { process } = worker
  const kill = (): void => {
    process.kill('SIGKILL')
  }
  const heap = new FullHeapDetector(process.pid)
  const exited = exitOf(worker, heap)
  return {
    pid: process.pid,
    name: `process ${process.pid}`,
    exited,
    listen: onMessage => {
      worker.on('message', (message: unknown) => {
        if (isOurs<ToPrimary>(message) && message.promherd === 'started') heap.start(message.heap)
        onMessage(message)
      })
      worker.on('listening', () => onMessage({ promherd: 'listening' }))
    },
    stopConnections,
    send: message => {
      // An error of a channel that has just closed is ignored: the exit follows.
      if (worker.isConnected()) process.send(message, () => {})
    },
    abort: () => {
      process.kill('SIGABRT')
      const timer = setTimeout(kill, ABORT_GRACE_MS)
      void exited.then(() => clearTimeout(timer))
    },
    kill,
  }
}

/** How long a worker that hangs has to react to SIGABRT: a stopped process cannot. */
const ABORT_GRACE_MS = 2000
/** How long messages of an exited worker are still read: a child of its own may have taken over its channel. */
const LAST_MESSAGES_MS = 1000

/** Resolves when the process has exited, and all its messages were received. */
function exitOf(worker: Worker, heap: FullHeapDetector): Promise<Exit> {
  worker.process.prependOnceListener('disconnect', () => heap.stop())
  return new Promise(resolve => {
    worker.once('exit', (code: number | null, signalName: string | null) => {
      const signal = signalName || null
      const exit = { code, signal, reason: reasonOf({ code, signal }, heap.wasFull) }
      if (!worker.isConnected()) return resolve(exit)
      const timer = setTimeout(() => resolve(exit), LAST_MESSAGES_MS)
      worker.process.once('disconnect', () => {
        clearTimeout(timer)
        resolve(exit)
      })
    })
    // A process that could not be created does not emit `exit` either.
    worker.on('error', () => {
      if (worker.process.pid === undefined) resolve({ code: null, signal: null, reason: 'crash' })
    })
  })
}
