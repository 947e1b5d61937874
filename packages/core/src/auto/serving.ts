import type { EventEmitter } from 'node:events'
import { sharedFromEnvironment } from '../base/directory-options.ts'
import { isServedByPrimary } from '../base/primary-pid.ts'
import type { Warner } from '../base/warner.ts'
import { useDirectory } from '../herd/directory/directory.ts'
import { Herd } from '../herd/herd.ts'
import type { Monitor } from '../monitor/monitor.ts'
import { Maintenance } from '../server/maintenance.ts'
import { isMetricsServer } from '../server/metrics-mark.ts'
import { MetricsServer } from '../server/metrics-server.ts'
import { resolveWhere, type ServeOptions, type Where } from '../server/serve-herd.ts'

/**
 * The metrics port of a process that was not configured to have one. It does not keep the process running, and gives
 * the port up if another server of the process needs it.
 *
 * Among the processes that share a directory, the leader of the directory serves it; when that has exited, another
 * process takes over both.
 */
export class Serving {
  readonly #where: Where
  readonly #warner: Warner
  readonly #herd: Herd | undefined
  #monitor: Monitor | undefined
  #server: MetricsServer | undefined
  #maintenance: Maintenance | undefined
  #timer: NodeJS.Timeout | undefined
  #isWanted = false

  /**
   * Becomes the leader of the directory if there is none. A primary removes what an earlier herd left there; so this
   * must run before this process records anything. Without a directory it serves one monitor.
   * @throws ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, and what the file system throws
   */
  constructor(
    directory: string | undefined,
    where: Pick<ServeOptions, 'port' | 'host' | 'allowedHosts' | 'sharedDirectory'>,
    warner: Warner,
    isPrimary = false,
  ) {
    this.#where = resolveWhere(where)
    this.#warner = warner
    if (directory === undefined) return
    useDirectory(directory, { shared: where.sharedDirectory ?? sharedFromEnvironment() })
    this.#herd = new Herd({ directory, onError: (cause, message) => warner.logOnce(cause, message) })
    if (!isServedByPrimary()) this.#herd.lead({ resume: !isPrimary })
  }

  /** Serves from now on, unless another process does. `monitor` is this process's own. Never throws. */
  serve(monitor?: Monitor): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#monitor = monitor
    this.#try()
    if (this.#herd !== undefined) this.#timer = setInterval(() => this.#try(), TAKEOVER_INTERVAL_MS).unref()
  }

  /** Another server of this process is about to listen: it may need this port, or serve metrics itself. */
  makeRoom(server: EventEmitter, port: unknown): void {
    if (this.#server === undefined || this.#server.owns(server)) return
    if (isMetricsServer(server)) this.#leave()
    else if (port === this.#server.address?.port) {
      this.#warner.log(
        `Expected port ${port} to be free for the metrics, but the application listens on it itself. Choose another with PROMETHEUS_METRICS_PORT. The metrics are served again when the application lets go of it.`,
      )
      void this.#server.close()
      this.#server = undefined
      server.once('close', () => this.#try())
    }
  }

  #try(): void {
    try {
      if (this.#isWanted && this.#server === undefined && this.#isOurs()) this.#open()
    } catch (error) {
      this.#warner.logOnce('keep', `the metrics cannot be served: ${String(error)}`)
    }
  }

  #isOurs(): boolean {
    if (this.#herd === undefined || this.#herd.isLeader) return true
    return !isServedByPrimary() && this.#herd.lead({ resume: true }) === undefined
  }

  #open(): void {
    const source = this.#herd ?? this.#monitor
    if (source === undefined) return
    if (this.#herd !== undefined) this.#maintenance ??= new Maintenance(this.#herd)
    clearInterval(this.#timer)
    this.#server = new MetricsServer({
      ...this.#where,
      source,
      warner: this.#warner,
      isGuest: true,
      beforeSnapshot: async () => {
        if (this.#herd !== undefined) await this.#monitor?.collect()
        await this.#maintenance?.now()
      },
      readiness: () => undefined,
    })
  }

  /** Stops permanently: another component of this process serves metrics explicitly. */
  #leave(): void {
    this.#isWanted = false
    clearInterval(this.#timer)
    this.#maintenance?.stop()
    void this.#server?.close()
    this.#server = undefined
    void this.#herd?.close()
  }
}

/** How soon the role of a serving process that has exited is taken over. */
const TAKEOVER_INTERVAL_MS = 2000
