import { inTurns, type Sink, type Snapshot, VERSION } from '@promherd/core/forward'
import { metricsOf } from './metrics-of.ts'
import type { ResolvedOtlpOptions } from './resolve.ts'
import { resourceOf } from './resource.ts'
import { Transport } from './transport.ts'

/** Sends snapshots to a receiver of OTLP over HTTP. It keeps nothing of a snapshot: each push has all of the next. */
export class OtlpSink implements Sink {
  readonly name = 'otlp'
  readonly #options: ResolvedOtlpOptions
  readonly #transport: Transport
  #codec: typeof import('./codec.ts') | undefined

  /** @throws ERR_PROMHERD_BAD_OPTION where a certificate or key cannot be read */
  constructor(options: ResolvedOtlpOptions) {
    this.#options = options
    this.#transport = new Transport(options)
  }

  /** HTTP connects with the first request. */
  async start(): Promise<void> {
    this.#codec = await import('./codec.ts')
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
    const body = await inTurns(encode(request))
    signal.throwIfAborted()
    checkReply(await this.#transport.post(body, signal), interval)
  }

  async stop(): Promise<void> {
    this.#transport.close()
  }
}
