import cluster, { type Worker } from 'node:cluster'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { acceptLast, wasRead } from '../tcp.ts'
import type { Connection, PendingConnection } from './port.ts'
import { PrimaryPorts } from './primary-ports.ts'

/**
 * Pending connections: connections that are being sent to a worker.
 *
 * Under round robin Node's primary accepts a connection, sends it to a worker as a message `newconn` with a number, and
 * keeps its own handle until the worker answers with that number as `ack`. If the worker exits before it answers, Node
 * waits for the answer forever, and so does the client. So these messages are recorded here. When the channel to a
 * worker has ended, every answer that was written has been read; each remaining connection is answered in the worker's
 * place as not accepted. Node then sends it to another worker, or the port keeps it for the next one.
 *
 * A worker answers before it reads from a connection. Only if its channel was full can it exit with bytes of the client
 * read and the answer not sent. No other worker can serve such a connection, so it is closed at once.
 *
 * A worker that is being ended gets no new connections: Node is sent the message that it has closed its ports, which a
 * worker sends itself when it closes a server. The server in the worker is not informed.
 *
 * These messages are internal to Node, so nothing relies on them. A message with another format is ignored, and Node
 * then behaves as without this file. Their format is the same on Node 20, 22, 24 and 26, and is verified by a test.
 */
export class PendingConnections {
  /** The workers that serve each port, by Node's key for it. */
  readonly #serving = new Map<string, Set<Worker>>()
  /** Undefined without round robin. */
  readonly #ports = cluster.schedulingPolicy === cluster.SCHED_RR ? new PrimaryPorts() : undefined

  /** The sockets from which workers accept themselves, without round robin, by Node's key. */
  readonly #shared = new Map<string, Connection>()

  /** Watches the channel to a worker that was just forked. */
  watch(worker: Worker): void {
    if (this.#ports === undefined) this.#watchShared(worker)
    else this.#watchChannel(worker, this.#ports)
  }

  /** Makes Node send no new connections to a worker. */
  stopConnections(worker: Worker): void {
    for (const [key, serving] of this.#serving) {
      if (serving.has(worker)) worker.process.emit('internalMessage', { cmd: CMD, act: 'close', key })
    }
  }

  /** Closes the ports, and resolves when the accepted connections are with a worker; after a second at the latest. */
  async stopAccepting(): Promise<void> {
    await this.#ports?.stop()
    await Promise.all([...this.#shared.values()].map(({ fd }) => acceptLast(fd)))
  }

  #watchShared({ process }: Worker): void {
    const send = process.send.bind(process) as (...args: unknown[]) => boolean
    process.send = (...args: unknown[]) => {
      const [message, handle] = args
      if (isInternal(message) && message.key !== undefined && isHandle(handle) && !isInherited(message.key)) {
        this.#shared.set(message.key, handle)
      }
      return send(...args)
    }
  }

  #watchChannel(worker: Worker, ports: PrimaryPorts): void {
    /** What the worker was sent and has not answered, by the number of the message. */
    const unanswered = new Map<number, PendingConnection>()
    const { process } = worker
    const send = process.send.bind(process) as (...args: unknown[]) => boolean
    process.send = (...args: unknown[]) => {
      const [message, handle] = args
      if (isInternal(message)) {
        this.#recordServing(worker, message)
        const { act, seq } = message
        if (act === 'newconn' && seq !== undefined && isHandle(handle)) unanswered.set(seq, ports.sending(handle))
      }
      return send(...args)
    }
    // Before Node's listener, which immediately sends a rejected connection to another worker.
    process.prependListener('internalMessage', (message: unknown) => {
      if (isInternal(message)) this.#received(worker, unanswered, message)
    })
    // Node's own listener removes the worker everywhere. A worker that left its ports before leaves nothing to keep.
    for (const event of ['disconnect', 'exit']) {
      const [ofNode] = process.rawListeners(event) as ((...args: unknown[]) => void)[]
      if (ofNode === undefined) continue
      process.removeListener(event, ofNode)
      process.prependOnceListener(event, (...args: unknown[]) => {
        ports.removeCrashed(() => Reflect.apply(ofNode, process, args))
      })
    }
    process.once('disconnect', () => this.#returnPending(worker, unanswered))
    void ensureDisconnect(worker)
  }

  #received(
    worker: Worker,
    unanswered: Map<number, PendingConnection>,
    { ack, act, key, accepted }: InternalMessage,
  ): void {
    if (act === 'close' && key !== undefined) this.#removeServing(worker, key)
    const pending = ack === undefined ? undefined : unanswered.get(ack)
    if (ack === undefined || pending === undefined) return
    unanswered.delete(ack)
    if (accepted === false) pending.port?.rejected(pending)
  }

  /** Records that a worker serves a port, if the message is the primary's answer to its request for that. */
  #recordServing(worker: Worker, { act, key, ack }: InternalMessage): void {
    if (key === undefined || act !== undefined || ack === undefined) return
    const serving = this.#serving.get(key) ?? new Set()
    this.#serving.set(key, serving.add(worker))
  }

  #returnPending(worker: Worker, unanswered: ReadonlyMap<number, PendingConnection>): void {
    for (const key of [...this.#serving.keys()]) this.#removeServing(worker, key)
    for (const [ack, { connection }] of unanswered) {
      // With `accepted: true`, Node closes its handle.
      worker.process.emit('internalMessage', { cmd: CMD, ack, accepted: wasRead(connection.fd) })
    }
  }

  #removeServing(worker: Worker, key: string): void {
    const serving = this.#serving.get(key)
    serving?.delete(worker)
    if (serving?.size === 0) this.#serving.delete(key)
  }
}

/** The fields of Node's cluster messages that are used here. */
interface InternalMessage {
  readonly act?: string
  readonly key?: string
  readonly seq?: number
  readonly ack?: number
  readonly accepted?: boolean
}

const CMD = 'NODE_CLUSTER'

/**
 * Ensures that the end of a worker's channel is reported. Node does not report it if a handle was not acknowledged yet,
 * and then continues to treat the exited worker as one that serves.
 */
async function ensureDisconnect(worker: Worker): Promise<void> {
  const { process } = worker
  let isReported = false
  process.once('disconnect', () => {
    isReported = true
  })
  await new Promise(resolve => process.once('exit', resolve))
  const deadline = performance.now() + LAST_MESSAGES_MS
  while (process.connected && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  // Node reports it one turn later.
  await nextTurn()
  if (!isReported && !process.connected) process.emit('disconnect')
}

/** How long reading the last messages of an exited worker may take: a child of its own may keep the channel open. */
const LAST_MESSAGES_MS = 1000
const POLL_INTERVAL_MS = 10

/**
 * Whether a socket was inherited, by Node's key: address, port, kind, descriptor and index. Another process keeps it
 * open.
 */
function isInherited(key: string): boolean {
  return Number(key.split(':').at(-2)) >= 0
}

function isInternal(message: unknown): message is InternalMessage {
  return typeof message === 'object' && message !== null && 'cmd' in message && message.cmd === CMD
}

function isHandle(handle: unknown): handle is Connection {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function'
}
