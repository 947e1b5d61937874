import { type Check, checkOptions, isFunction, isInteger, isString, type Shape } from '../base/check-options.ts'
import { DIRECTORY_SHAPE, directoryFromEnvironment, sharedFromEnvironment } from '../base/directory-options.ts'
import { readVariable } from '../base/environment.ts'
import { promherdError } from '../base/errors.ts'
import { waitAtMost } from '../base/wait-at-most.ts'
import { Warner } from '../base/warner.ts'
import { useDirectory } from '../herd/directory/directory.ts'
import { Herd } from '../herd/herd.ts'
import { ProcessStats } from '../herd/metrics/process-stats.ts'
import { endHerd, offerHerd, type ProcessHerd } from '../herd/process-herd.ts'
import type { Address } from './listener.ts'
import { Maintenance } from './maintenance.ts'
import { MetricsServer } from './metrics-server.ts'

/** Options for serving the metrics of a directory. */
export interface ServeOptions {
  /** The port; 0 takes any free one. @default PROMETHEUS_METRICS_PORT, else 9091 */
  readonly port?: number | undefined
  /** The address to listen on. @default PROMETHEUS_BIND_ADDRESS, else 127.0.0.1: this host only */
  readonly host?: string | undefined
  /**
   * Names accepted in the `Host` header of a request, besides loopback names and `host`. A request with another name
   * gets status 403.
   * @default PROMHERD_ALLOWED_HOSTS (names separated by commas), else none if `host` is a loopback address, and any
   * name if it is not
   */
  readonly allowedHosts?: readonly string[] | undefined
  /** The directory of the herd. @default PROMETHEUS_MULTIPROC_DIR */
  readonly directory?: string | undefined
  /**
   * Whether the directory may belong to another user, and other users may write to it: they can then change the
   * metrics.
   * @default PROMHERD_SHARED_DIRECTORY, else false
   */
  readonly sharedDirectory?: boolean | undefined
  /** Is called with a message about each problem. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A metrics port. While it is bound it keeps the process alive, as every server does; its timers never do. */
export interface HerdServer {
  /** Resolves when the port is bound: at once, or when another process releases it. Pending until then. */
  readonly listening: Promise<Address>
  /** The address; undefined while it is not listening. */
  readonly address: Address | undefined
  /** Stops listening, or trying to listen. */
  close(): Promise<void>
}

/**
 * Serves the metrics of all processes that share a directory on one port. If the directory has no other leader, this
 * process becomes the leader: it adds the counts of exited processes to the totals.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY
 */
export function serveHerd(options: ServeOptions = {}): HerdServer {
  checkOptions('serveHerd', options, SERVE_SHAPE)
  const where = resolveWhere(options)
  const directory = options.directory ?? directoryFromEnvironment()
  if (directory === undefined) {
    const remedy = 'Set it, or PROMETHEUS_MULTIPROC_DIR, to the directory of the workers.'
    throw promherdError('ERR_PROMHERD_BAD_OPTION', 'serveHerd.directory', 'the directory of a herd', undefined, remedy)
  }
  useDirectory(directory, { shared: options.sharedDirectory ?? sharedFromEnvironment() })
  return new DirectoryServer({ ...where, directory }, new Warner(options.onWarning))
}

class DirectoryServer implements HerdServer {
  readonly #herd: Herd
  readonly #processStats = new ProcessStats(message => this.#herd.reportError('process_stats', message), {
    areForeign: true,
  })
  readonly #maintenance: Maintenance
  readonly #server: MetricsServer
  /** The herd, as other modules of this process read it. */
  readonly #offered: ProcessHerd

  constructor({ directory, ...where }: Where & { directory: string }, warner: Warner) {
    this.#herd = new Herd({
      directory,
      processStats: this.#processStats,
      onError: (cause, message) => warner.logOnce(cause, message),
    })
    this.#maintenance = new Maintenance(this.#herd)
    void this.#maintenance.now()
    this.#server = new MetricsServer({
      ...where,
      warner,
      source: this.#herd,
      beforeSnapshot: () => this.#refresh(),
      readiness: () => this.#herd.problem,
    })
    this.#processStats.watch(() => this.#herd.members)
    this.#offered = { snapshot: () => this.#refresh().then(() => this.#herd.snapshot()), store: this.#herd.own }
    offerHerd(this.#offered)
  }

  get listening(): Promise<Address> {
    return this.#server.listening
  }

  get address(): Address | undefined {
    return this.#server.address
  }

  async #refresh(): Promise<void> {
    await this.#maintenance.now()
    await waitAtMost(SAMPLE_DEADLINE_MS, this.#processStats.sample(this.#herd.members))
  }

  async close(): Promise<void> {
    await endHerd(this.#offered, false)
    this.#processStats.stop()
    this.#maintenance.stop()
    await this.#server.close()
    await this.#herd.close()
  }
}

/** The maximum time that a scrape waits for process stats; later ones are in the next scrape. */
const SAMPLE_DEADLINE_MS = 100

const isNames: Check = (name, value) => {
  const isName = (item: unknown): boolean => typeof item === 'string' && /^[^\s,/]+$/.test(item)
  if (Array.isArray(value) && value.every(isName)) return
  const remedy = 'Give the names that clients use in the `Host` header, such as `metrics.example.org`.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a list of host names', value, remedy)
}

/** The shape of the options that both this and the cluster's `metrics` accept. */
export const WHERE_SHAPE: Shape<
  Pick<ServeOptions, 'port' | 'host' | 'allowedHosts' | 'directory' | 'sharedDirectory'>
> = {
  port: isInteger(0, 65_535, 'Give a free port, or 0 for any.'),
  host: isString('Give an address of this host, such as 127.0.0.1, or 0.0.0.0 for all.'),
  allowedHosts: isNames,
  ...DIRECTORY_SHAPE,
}

/** The check of each option. */
export const SERVE_SHAPE: Shape<ServeOptions> = {
  ...WHERE_SHAPE,
  onWarning: isFunction('Give a function that takes the message.'),
}

/** The address of the port, and the names accepted in `Host`. */
export interface Where {
  readonly port: number
  readonly host: string
  readonly allowedHosts: readonly string[] | undefined
}

/**
 * The address of the port from checked options: as given, else from the environment, else the defaults.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function resolveWhere(options: Pick<ServeOptions, 'port' | 'host' | 'allowedHosts'>): Where {
  return {
    port: options.port ?? readVariable('PROMETHEUS_METRICS_PORT', WHERE_SHAPE.port) ?? DEFAULT_PORT,
    host: options.host ?? readVariable('PROMETHEUS_BIND_ADDRESS', WHERE_SHAPE.host) ?? DEFAULT_HOST,
    allowedHosts: options.allowedHosts ?? readVariable('PROMHERD_ALLOWED_HOSTS', WHERE_SHAPE.allowedHosts),
  }
}

export const DEFAULT_PORT = 9091
export const DEFAULT_HOST = '127.0.0.1'
