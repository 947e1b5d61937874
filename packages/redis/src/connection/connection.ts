import { SinkError } from '@promherd/core/forward'
import type { Cluster, Redis } from 'ioredis'
import { isReply, sinkError } from './failures.ts'
import { makeClient, type RedisTarget } from './target.ts'

export type Command = readonly [name: string, ...args: (string | number | Buffer)[]]
export type Client = Redis | Cluster

/**
 * A connection that is opened when it is needed and closed when it fails: no commands wait in a queue, and the caller
 * decides when to try again. It does not keep the process running.
 *
 * A client that belongs to the program is used as it is, and neither connected nor closed here.
 */
export class Connection {
  readonly #target: RedisTarget
  #client: Client | undefined
  #isOwn = true
  #lastError: unknown
  /** A command that was sent with the program's own client and has no response yet. */
  #pending: Promise<unknown> | undefined

  constructor(target: RedisTarget) {
    this.#target = target
  }

  /**
   * Sends commands in one round trip. Rejects with a `SinkError`; the result of a command that Redis refuses is the
   * error.
   */
  async run(commands: readonly Command[], signal: AbortSignal): Promise<unknown[]> {
    const client = await this.#ready(signal)
    if (this.#pending !== undefined) throw new SinkError('timeout', 'the commands before have no response yet')
    const pipeline = client.pipeline()
    for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args)
    const work = pipeline.exec()
    this.#pending = work.then(forget, forget)
    void this.#pending.then(() => {
      this.#pending = undefined
    })
    const results = (await this.#untilAborted(work, signal)) ?? []
    const lost = results.find(([error]) => error !== null && !isReply(error))
    if (lost !== undefined) throw sinkError(this.#isOwn ? (this.#lastError ?? lost[0]) : lost[0])
    return results.map(([error, result]) => error ?? result)
  }

  /** Closes the connection: the next one may lead to another server. */
  reset(): void {
    if (this.#isOwn) this.#client?.disconnect()
  }

  close(): void {
    this.reset()
    this.#client = undefined
  }

  async #ready(signal: AbortSignal): Promise<Client> {
    if (this.#client === undefined) {
      const { client, isOwn } = await makeClient(this.#target)
      this.#client ??= client
      this.#isOwn = isOwn
      if (isOwn) this.#follow(client)
    }
    const client = this.#client
    if (client.status === 'ready') return client
    if (!this.#isOwn) throw new SinkError('connection', `the client is not connected (${client.status})`)
    this.#lastError = undefined
    if (client.status !== 'connecting' && client.status !== 'connect') {
      try {
        await this.#untilAborted(client.connect(), signal)
        return client
      } catch (error) {
        throw sinkError(this.#lastError ?? error)
      }
    }
    throw new SinkError('connection', 'the connection is not there yet')
  }

  #follow(client: Client): void {
    client.on('error', error => {
      this.#lastError = error
    })
    client.on('node error', error => {
      this.#lastError = error
    })
    const unref = (node: Redis): void => {
      node.on('connect', () => node.stream?.unref())
    }
    if (client.isCluster) client.on('+node', unref)
    else unref(client as Redis)
    client.on('ready', () => {
      // A Cluster has one more connection, on which it receives changes of the topology.
      const { subscriber } = client as unknown as { subscriber?: { getInstance?(): Redis | null } }
      subscriber?.getInstance?.()?.stream?.unref()
    })
  }

  /**
   * Settles like `work`. If the signal comes first, the connection is closed, and the commands that were sent on it are
   * lost.
   */
  async #untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    work.catch(forget)
    let abort: () => void = forget
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        this.reset()
        reject(signal.reason)
      }
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort)
    })
    try {
      return await Promise.race([work, aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

function forget(): void {}
