import type { HerdServer } from '@promherd/core'
import {
  type Aggregate,
  checkOptions,
  isFunction,
  isOneOf,
  MetricsServer,
  type OptionsShape,
  resolveWhere,
  type ServeOptions,
  Warner,
  WHERE_SHAPE,
} from '@promherd/core/group'
import { GroupKeys } from './commands/keys.ts'
import { Connection } from './connection/connection.ts'
import { sinkError } from './connection/failures.ts'
import type { RedisTarget } from './connection/target.ts'
import { DEFAULT_GROUP, DEFAULT_PREFIX, FORWARD_SHAPE, isSeconds } from './forward.ts'
import { GroupReader } from './group-reader.ts'

/** How the metrics of a group are served. */
export interface GroupOptions extends Pick<ServeOptions, 'port' | 'host' | 'allowedHosts' | 'onWarning'> {
  /** The Redis server, as for `forward`. */
  readonly redis: RedisTarget
  /** The group, with the same name as on the hosts. @default 'default' */
  readonly group?: string | undefined
  /** The prefix of all key names, the same as on the hosts. @default 'promherd' */
  readonly prefix?: string | undefined
  /**
   * `instance` shows each running host separately, with a label `instance`. `sum` adds up all hosts, including departed
   * ones, so no counter falls when a host departs. @default 'instance'
   */
  readonly aggregate?: Aggregate | undefined
  /** How long reading from Redis may take, in seconds; after that the previous data is served. @default 5 */
  readonly timeout?: number | undefined
}

/**
 * Serves the metrics of all hosts that forward to the same group, on one port. Any number of processes may do so.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function serveGroup(options: GroupOptions): HerdServer {
  checkOptions('serveGroup', options, GROUP_SHAPE)
  return new GroupServer(options)
}

class GroupServer implements HerdServer {
  readonly #reader: GroupReader
  readonly #connection: Connection
  readonly #server: MetricsServer
  readonly #warner: Warner
  readonly #timeoutMs: number
  readonly #aggregate: Aggregate
  readonly #timer: NodeJS.Timeout
  #lastScanAt = 0
  #isFailing = false

  constructor(options: GroupOptions) {
    const { redis, prefix = DEFAULT_PREFIX, group = DEFAULT_GROUP, aggregate = 'instance', timeout = 5 } = options
    this.#warner = new Warner(options.onWarning)
    this.#timeoutMs = timeout * 1000
    this.#aggregate = aggregate
    this.#connection = new Connection(redis)
    const keys = new GroupKeys(prefix, group)
    this.#reader = new GroupReader({
      connection: this.#connection,
      keys,
      aggregate,
      onSharedName: instance => this.#warnSharedName(instance),
    })
    this.#server = new MetricsServer({
      ...resolveWhere(options),
      warner: this.#warner,
      source: this.#reader,
      beforeSnapshot: () => this.#scan(),
      readiness: () => (this.#reader.hasRead ? undefined : 'Redis has not responded yet.'),
    })
    // Departures are noticed without a scrape, too.
    this.#timer = setInterval(() => {
      if (performance.now() - this.#lastScanAt >= UPKEEP_MS) void this.#scan()
    }, UPKEEP_MS / 2).unref()
    void this.#scan()
  }

  get listening(): HerdServer['listening'] {
    return this.#server.listening
  }

  get address(): HerdServer['address'] {
    return this.#server.address
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#server.close()
    this.#connection.close()
  }

  #warnSharedName(instance: string): void {
    const shown = this.#aggregate === 'sum' ? 'Both are in the sum' : 'Only the one that started later is served'
    const remedy = 'Give each host a name of its own (`instance`).'
    this.#warner.logOnce(`name ${instance}`, `two running hosts forward as instance ${instance}. ${shown}. ${remedy}`)
  }

  /** Reads new data; if that fails, the previous data is served. Never rejects. */
  async #scan(): Promise<void> {
    this.#lastScanAt = performance.now()
    const abort = new AbortController()
    const late = new Error(`no response within ${this.#timeoutMs / 1000} s`)
    const timer = setTimeout(() => abort.abort(late), this.#timeoutMs).unref()
    try {
      await this.#reader.refresh(abort.signal)
      if (this.#isFailing) this.#warner.log('reading the group from Redis works again.')
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) {
        const { reason, message } = sinkError(error)
        const meanwhile = 'The previous data is served meanwhile, and each scrape retries.'
        this.#warner.log(`reading the group from Redis fails (${reason}: ${message}). ${meanwhile}`)
      }
      this.#isFailing = true
    } finally {
      clearTimeout(timer)
    }
  }
}

const UPKEEP_MS = 5000

/** How each of the options is checked. */
export const GROUP_SHAPE: OptionsShape<GroupOptions> = {
  redis: FORWARD_SHAPE.redis,
  group: FORWARD_SHAPE.group,
  prefix: FORWARD_SHAPE.prefix,
  aggregate: isOneOf(['instance', 'sum'], 'Leave it out for a label `instance`.'),
  timeout: isSeconds,
  port: WHERE_SHAPE.port,
  host: WHERE_SHAPE.host,
  allowedHosts: WHERE_SHAPE.allowedHosts,
  onWarning: isFunction('Give a function that takes the message.'),
}
