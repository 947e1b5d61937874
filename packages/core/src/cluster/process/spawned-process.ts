import cluster, { type Worker } from 'node:cluster'
import { isShared } from '../../files/files.ts'
import { HeapEvidence } from '../heap-evidence.ts'
import { isOurs, type ToPrimary } from '../messages.ts'
import { reasonOf } from '../restarts.ts'
import type { Exit, Spawned, Spawner } from '../spawned.ts'
import { Handovers } from './pending-connections.ts'

/** Workers that are processes of Node's cluster, each with a store in `directory`. */
export function processSpawner(directory: string): Spawner {
  const handovers = new Handovers()
  const spawn = (slot: number): Spawned => {
    const worker = cluster.fork({
      PROMETHEUS_MULTIPROC_DIR: directory,
      PROMHERD_WORKER: String(slot),
      PROMHERD_PRIMARY: String(process.pid),
      ...(isShared(directory) && { PROMHERD_SHARED_DIRECTORY: '1' }),
    })
    handovers.watch(worker)
    return spawnedProcess(worker, () => handovers.withhold(worker))
  }
  return { spawn, stopAccepting: () => handovers.stopAccepting() }
}

function spawnedProcess(worker: Worker, withhold: () => void): Spawned {
  const { process } = worker
  const kill = (): void => {
    process.kill('SIGKILL')
  }
  const evidence = new HeapEvidence(process.pid)
  const exited = endOf(worker, evidence)
  return {
    pid: process.pid,
    name: `process ${process.pid}`,
    exited,
    listen: hear => {
      worker.on('message', (message: unknown) => {
        if (isOurs<ToPrimary>(message) && message.promherd === 'started') evidence.begin(message.heap)
        hear(message)
      })
      worker.on('listening', () => hear({ promherd: 'listening' }))
    },
    withhold,
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
const LAST_WORDS_MS = 1000

function endOf(worker: Worker, evidence: HeapEvidence): Promise<Exit> {
  worker.process.prependOnceListener('disconnect', () => evidence.end())
  return new Promise(resolve => {
    worker.once('exit', (code: number | null, signalName: string | null) => {
      const signal = signalName || null
      const exit = { code, signal, reason: reasonOf({ code, signal }, evidence.wasFull) }
      if (!worker.isConnected()) return resolve(exit)
      const timer = setTimeout(() => resolve(exit), LAST_WORDS_MS)
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
