import cluster, { type Worker } from 'node:cluster'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { Accepting } from './accepting.ts'

/**
 * Connections on their way to a worker.
 *
 * Under round robin Node's primary accepts a connection, sends it to a worker as a message `newconn` with a number,
 * and keeps its own handle until the worker answers with that number as `ack`. A worker that dies before it answers
 * leaves the connection with nobody: Node waits for the answer for ever, and so does the client. So the messages that
 * pass are noted here, and once the channel to a worker has ended (every answer that was written has been read by
 * then) what is left is answered in the worker's place: not accepted. Node then hands the connection to another
 * worker; where nobody else serves that port, Node would keep it for nobody, and it is closed here.
 *
 * A worker that is to end gets no new connections: Node is told in its place that it has closed its ports, which a
 * worker says itself when it closes a server. The server in the worker knows nothing of that.
 *
 * These messages are Node's own affair, so nothing relies on them. One that looks otherwise is passed by, and then
 * things are as they would be without this file. Their shape is the same on Node 20, 22, 24 and 26, and is held by a
 * test.
 */
export class Handovers {
  /** Which workers serve each port, by Node's key for it. */
  readonly #serving = new Map<string, Set<Worker>>()
  /** What each worker was sent and has not answered, by the number of the message. */
  readonly #outstanding = new Map<Worker, Map<number, Handover>>()
  readonly #accepting = cluster.schedulingPolicy === cluster.SCHED_RR ? new Accepting() : undefined

  /** Watches the channel to a worker that was just forked. */
  watch(worker: Worker): void {
    if (this.#accepting === undefined) return
    const accepting = this.#accepting
    const outstanding = new Map<number, Handover>()
    this.#outstanding.set(worker, outstanding)
    const { process } = worker
    const send = process.send.bind(process) as (...args: unknown[]) => boolean
    process.send = (...args: unknown[]) => {
      if (isInternal(args[0])) this.#sent(worker, outstanding, args[0], args[1])
      return send(...args)
    }
    process.on('internalMessage', (message: unknown) => {
      if (isInternal(message)) this.#received(worker, outstanding, message)
    })
    // Node's own listener forgets the worker in all places. One that left its ports before leaves nothing to keep.
    for (const event of ['disconnect', 'exit']) {
      const [nodes] = process.rawListeners(event) as ((...args: unknown[]) => void)[]
      if (nodes === undefined) continue
      process.removeListener(event, nodes)
      process.prependOnceListener(event, (...args: unknown[]) => {
        accepting.crashed(() => Reflect.apply(nodes, process, args))
      })
    }
    process.once('disconnect', () => this.#handBack(worker, outstanding))
    void seeToDisconnect(worker)
  }

  /** Has Node give no new connection to a worker. */
  withhold(worker: Worker): void {
    for (const [key, serving] of this.#serving) {
      if (serving.has(worker)) worker.process.emit('internalMessage', { cmd: CMD, act: 'close', key })
    }
  }

  /** Accepts nothing more, and resolves when what was accepted is with a worker; after a second at the latest. */
  async stopAccepting(): Promise<void> {
    // What the kernel has by now is accepted first.
    await nextTurn()
    this.#accepting?.stop()
    const deadline = performance.now() + HAND_OUT_MS
    while (this.#isHandingOut && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  }

  /** A worker that has answered is sent the next connection at once, so there is none left when all have answered. */
  get #isHandingOut(): boolean {
    return [...this.#outstanding.values()].some(({ size }) => size > 0)
  }

  #received(worker: Worker, outstanding: Map<number, Handover>, message: Internal): void {
    const { ack, act, key } = message
    if (act === 'close' && key !== undefined) this.#leave(worker, key)
    const handover = ack === undefined ? undefined : outstanding.get(ack)
    if (ack === undefined || handover === undefined) return
    outstanding.delete(ack)
    if (message.accepted === false && !this.#serving.has(handover.key)) handover.handle.close()
  }

  #sent(worker: Worker, outstanding: Map<number, Handover>, message: Internal, handle: unknown): void {
    const { act, key, seq, ack } = message
    if (key === undefined) return
    if (act === 'newconn' && seq !== undefined && isHandle(handle)) outstanding.set(seq, { key, handle })
    // The answer to a worker that asked to serve a port.
    if (act !== undefined || ack === undefined) return
    const serving = this.#serving.get(key) ?? new Set()
    this.#serving.set(key, serving.add(worker))
  }

  #handBack(worker: Worker, outstanding: Map<number, Handover>): void {
    this.#outstanding.delete(worker)
    for (const key of [...this.#serving.keys()]) this.#leave(worker, key)
    for (const [seq, { key, handle }] of outstanding) {
      if (this.#serving.has(key)) worker.process.emit('internalMessage', { cmd: CMD, ack: seq, accepted: false })
      else handle.close()
    }
    outstanding.clear()
  }

  #leave(worker: Worker, key: string): void {
    const serving = this.#serving.get(key)
    serving?.delete(worker)
    if (serving?.size === 0) this.#serving.delete(key)
  }
}

interface Handover {
  readonly key: string
  readonly handle: { close(): void }
}

/** What Node's cluster sends, as far as it matters here. */
interface Internal {
  readonly act?: string
  readonly key?: string
  readonly seq?: number
  readonly ack?: number
  readonly accepted?: boolean
}

const CMD = 'NODE_CLUSTER'

/**
 * Sees to it that the end of a worker's channel is told. Node does not tell it where a handle was not acknowledged
 * yet, and then goes on to count the dead worker among those that serve.
 */
async function seeToDisconnect(worker: Worker): Promise<void> {
  const { process } = worker
  let isTold = false
  process.once('disconnect', () => {
    isTold = true
  })
  await new Promise(resolve => process.once('exit', resolve))
  const deadline = performance.now() + LAST_WORDS_MS
  while (process.connected && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  // Node tells it one turn later.
  await nextTurn()
  if (!isTold && !process.connected) process.emit('disconnect')
}

/** How long the workers may take to take what was accepted for them. */
const HAND_OUT_MS = 1000
/** How long what a dead worker has said may take to be read: a child of its own may hold the channel open. */
const LAST_WORDS_MS = 1000
const POLL_INTERVAL_MS = 10

function isInternal(message: unknown): message is Internal {
  return typeof message === 'object' && message !== null && 'cmd' in message && message.cmd === CMD
}

function isHandle(handle: unknown): handle is { close(): void } {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function'
}
