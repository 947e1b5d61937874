import { inspect } from 'node:util'
import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  type Transferable,
  Worker,
  workerData,
} from 'node:worker_threads'
import { isShared } from '../../files/files.ts'
import { unmapFile } from '../../store/mappings.ts'
import { storePaths } from '../../store/store-files.ts'
import { isOurs, type ToPrimary, type ToWorker } from '../messages.ts'
import type { Exit, Spawned, Spawner } from '../spawned.ts'
import { HeldPorts, type PortUser } from './held-ports.ts'
import { type PortSharing, portSharing } from './sockets.ts'

/** What a thread receives from its primary, besides its environment. */
export interface ThreadStart {
  readonly port: MessagePort
  readonly sharing: PortSharing
}

/** What this thread received; undefined in the main thread, and in a thread that no primary has started. */
export function threadStart(): ThreadStart | undefined {
  const data = workerData as { readonly promherd?: ThreadStart } | null | undefined
  return typeof data === 'object' && data !== null ? data.promherd : undefined
}

/** Workers that are threads of this process, each with a store in `directory`, and all running `program`. */
export function threadSpawner(directory: string, program: string, resourceLimits: ResourceLimits | undefined): Spawner {
  const ports = new HeldPorts()
  const sharing = portSharing()
  const spawn = (slot: number): Spawned => {
    const { port1: port, port2 } = new MessageChannel()
    const start: ThreadStart = { port: port2, sharing }
    const thread = new Worker(program, {
      argv: process.argv.slice(2),
      env: {
        ...process.env,
        PROMETHEUS_MULTIPROC_DIR: directory,
        PROMHERD_WORKER: String(slot),
        ...(isShared(directory) && { PROMHERD_SHARED_DIRECTORY: '1' }),
      },
      workerData: { promherd: start },
      transferList: [port2 as Transferable],
      ...(resourceLimits && { resourceLimits }),
    })
    return new SpawnedThread(thread, port, ports.user(), store => storePaths(directory, slot, store).values)
  }
  // The kernel distributes the connections.
  return { spawn, stopAccepting: () => ports.acceptLast() }
}

class SpawnedThread implements Spawned {
  readonly pid: number = process.pid
  readonly name: string
  readonly exited: Promise<Exit>
  readonly thread: Worker
  readonly #port: MessagePort
  readonly #ports: PortUser
  /** Called with the messages of the thread. */
  #hear: (message: unknown) => void = () => {}
  #values: string | undefined
  #failure: unknown
  #leaves = false

  constructor(thread: Worker, port: MessagePort, ports: PortUser, valuesOf: (store: number) => string) {
    this.thread = thread
    this.name = `thread ${thread.threadId}`
    this.#port = port
    this.#ports = ports
    port.on('message', (message: ToPrimary) => this.#hears(message, valuesOf))
    // Without a listener an error of the thread would end the whole process.
    thread.on('error', error => {
      this.#failure = error ?? new Error('the thread failed')
      process.stderr.write(`Uncaught in ${this.name}: ${inspect(error)}\n`)
    })
    this.exited = new Promise(resolve => {
      thread.once('exit', code => {
        // Messages that it has sent and that were not read yet.
        for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) {
          this.#hears(last.message, valuesOf)
        }
        port.close()
        ports.gone()
        if (this.#values !== undefined) unmapFile(this.#values)
        resolve({ code, signal: null, reason: this.#reasonOf(code) })
      })
    })
  }

  listen(hear: (message: unknown) => void): void {
    this.#hear = hear
  }

  withhold(): void {
    this.#ports.end()
  }

  send(message: ToWorker): void {
    this.#port.postMessage(message)
  }

  /** A thread cannot receive a signal. */
  abort(): void {
    this.kill()
  }

  kill(): void {
    void this.thread.terminate()
  }

  #hears(message: ToPrimary, valuesOf: (store: number) => string): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'leaves') this.#leaves = true
    else if (message.promherd === 'wants_port') void this.#answer(message)
    else if (message.promherd === 'has_port') this.#ports.has(message.key)
    else if (message.promherd === 'closed_port') this.#ports.closed(message.key)
    else {
      if (message.promherd === 'started') this.#values = valuesOf(message.store)
      this.#hear(message)
    }
  }

  async #answer({ id, wish }: ToPrimary & { promherd: 'wants_port' }): Promise<void> {
    this.send({ promherd: 'port', id, ...(await this.#ports.ask(wish)) })
  }

  /** A thread that was terminated from outside has not sent `leaves`. */
  #reasonOf(code: number): Exit['reason'] {
    const failure = this.#failure
    if ((failure as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out_of_memory'
    if (failure !== undefined) return 'crash'
    if (code === 0) return 'exit'
    return this.#leaves ? 'crash' : 'killed'
  }
}
