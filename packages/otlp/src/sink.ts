import { runCooperatively, type Sink, type Snapshot, VERSION, type Warner } from '@promherd/core/forward'
import { metricsOf } from './encoding/metrics-of.ts'
import { resourceOf } from './encoding/resource.ts'
import type { ResolvedOtlpOptions } from './settings/resolve.ts'
import { Transport } from './transport/transport.ts'

/** Sends snapshots to a receiver of OTLP over HTTP. It keeps nothing of a snapshot: each push contains all metrics. */
export class OtlpSink implements Sink {
  readonly name = 'otlp'
  readonly #options: ResolvedOtlpOptions
  readonly #transport: Transport
  readonly #warner: Warner
  #warning: string | undefined
  #codec: typeof import('./encoding/codec.ts') | undefined

  /** @throws ERR_PROMHERD_BAD_OPTION if a certificate or key cannot be read */
  constructor(options: ResolvedOtlpOptions, warner: Warner) {
    this.#options = options
    this.#transport = new Transport(options)
    this.#warner = warner
  }

  /** HTTP connects with the first request. */
  async start(): Promise<void> {
    this.#codec = await import('./encoding/codec.ts')
  }

  async push(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    const { protocol, resource, interval } = this.#options
    const { encodeJson, encodeProtobuf, checkReply } = this.#codec!
    const encode = protocol === 'http/json' ? encodeJson : encodeProtobuf
    const request = {
      resource: resourceOf(resource, snapshot.herd),
      scope: { name: 'promherd', version: VERSION },
      metrics: metricsOf(snapshot),
    }
    const body = await runCooperatively(encode(request))
    signal.throwIfAborted()
    this.#tell(checkReply(await this.#transport.post(body, signal), interval))
  }

  /** Logs a warning of the receiver, but not again while it stays the same. */
  #tell(warning: string | undefined): void {
    if (warning !== undefined && warning !== this.#warning) {
      this.#warner.log(`the OTLP receiver has taken all metrics, and warns: ${warning}`)
    }
    this.#warning = warning
  }

  async stop(): Promise<void> {
    this.#transport.close()
  }
}
