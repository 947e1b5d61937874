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
import type { Child, Exit, Spawner } from '../child.ts'
import { isOurs, type ToPrimary, type ToWorker } from '../messages.ts'
import { SharedPorts, type ThreadPorts } from './shared-ports.ts'
import { type PortSharing, portSharing } from './sockets.ts'

/** The data that a thread receives from its primary, besides its environment. */
export interface ThreadStart {
  readonly port: MessagePort
  readonly sharing: PortSharing
}

/** The data that this thread has received; undefined in the main thread, and in a thread that no primary has started. */
export function threadStart(): ThreadStart | undefined {
  const data = workerData as { readonly promherd?: ThreadStart } | null | undefined
  return typeof data === 'object' && data !== null ? data.promherd : undefined
}

/** Starts workers that are threads of this process: each has a store in `directory`, and all run `program`. */
export function threadSpawner(directory: string, program: string, resourceLimits: ResourceLimits | undefined): Spawner {
  const ports = new SharedPorts()
  const sharing = portSharing()
  const spawn = (worker: number): Child => {
    const { port1: port, port2 } = new MessageChannel()
    const start: ThreadStart = { port: port2, sharing }
    const thread = new Worker(program, {
      argv: process.argv.slice(2),
      env: {
        ...process.env,
        PROMETHEUS_MULTIPROC_DIR: directory,
        PROMHERD_WORKER: String(worker),
        ...(isShared(directory) && { PROMHERD_SHARED_DIRECTORY: '1' }),
      },
      workerData: { promherd: start },
      transferList: [port2 as Transferable],
      ...(resourceLimits && { resourceLimits }),
    })
    return new ChildThread(thread, port, ports.ofThread(), store => storePaths(directory, worker, store).values)
  }
  // The kernel distributes the connections.
  return { spawn, stopAccepting: () => ports.acceptLast() }
}

class ChildThread implements Child {
  readonly pid: number = process.pid
  readonly name: string
  readonly exited: Promise<Exit>
  readonly thread: Worker
  readonly #port: MessagePort
  readonly #ports: ThreadPorts
  /** Called with the messages of the thread. */
  #onMessage: (message: unknown) => void = () => {}
  #values: string | undefined
  #failure: unknown
  #exitsItself = false

  constructor(thread: Worker, port: MessagePort, ports: ThreadPorts, valuesOf: (store: number) => string) {
    this.thread = thread
    this.name = `thread ${thread.threadId}`
    this.#port = port
    this.#ports = ports
    port.on('message', (message: ToPrimary) => this.#received(message, valuesOf))
    // Without a listener an error of the thread would end the whole process.
    thread.on('error', error => {
      this.#failure = error ?? new Error('the thread failed')
      process.stderr.write(`Uncaught in ${this.name}: ${inspect(error)}\n`)
    })
    this.exited = new Promise(resolve => {
      thread.once('exit', code => {
        // Messages that it has sent and that were not read yet.
        for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) {
          this.#received(last.message, valuesOf)
        }
        port.close()
        ports.release()
        if (this.#values !== undefined) unmapFile(this.#values)
        resolve({ code, signal: null, reason: this.#reasonOf(code) })
      })
    })
  }

  listen(onMessage: (message: unknown) => void): void {
    this.#onMessage = onMessage
  }

  stopConnections(): void {
    this.#ports.stop()
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

  #received(message: ToPrimary, valuesOf: (store: number) => string): void {
    if (!isOurs<ToPrimary>(message)) return
    if (message.promherd === 'thread_exits') this.#exitsItself = true
    else if (message.promherd === 'port_request') void this.#answer(message)
    else if (message.promherd === 'port_opened') this.#ports.opened(message.key)
    else if (message.promherd === 'port_closed') this.#ports.closed(message.key)
    else {
      if (message.promherd === 'started') this.#values = valuesOf(message.store)
      this.#onMessage(message)
    }
  }

  async #answer({ id, request }: ToPrimary & { promherd: 'port_request' }): Promise<void> {
    this.send({ promherd: 'port_answer', id, ...(await this.#ports.request(request)) })
  }

  /** A thread that another thread has terminated has not sent `thread_exits`. */
  #reasonOf(code: number): Exit['reason'] {
    const failure = this.#failure
    if ((failure as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out_of_memory'
    if (failure !== undefined) return 'crash'
    if (code === 0) return 'exit'
    return this.#exitsItself ? 'crash' : 'killed'
  }
}
