import { readFileSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { promherdError, SinkError, VERSION } from '@promherd/core/forward'
import type { ResolvedOtlpOptions } from '../settings/resolve.ts'

/** The response of the receiver. */
export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly contentType: string
  /** Limited to the size that a message can have. */
  readonly body: Buffer
}

/**
 * Sends requests to the receiver, one at a time, over one connection that stays open. It never retries, except at once
 * if the receiver had closed that connection in the meantime. No connection keeps the process running.
 */
export class Transport {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #isPacked: boolean
  readonly #agent: http.Agent | https.Agent

  /** @throws ERR_PROMHERD_BAD_OPTION if a certificate or key cannot be read */
  constructor({ url, headers, compression, protocol, ...options }: ResolvedOtlpOptions) {
    this.#url = url
    this.#isPacked = compression === 'gzip'
    this.#headers = {
      'user-agent': `promherd-otlp/${VERSION}`,
      ...headers,
      'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      ...(this.#isPacked && { 'content-encoding': 'gzip' }),
    }
    const kept = { keepAlive: true, maxSockets: 1 }
    this.#agent = url.protocol === 'https:' ? new https.Agent({ ...kept, ...tlsOf(options) }) : new http.Agent(kept)
  }

  /**
   * Sends one body. Rejects with the reason of `signal` once it is aborted, and with a `SinkError` if no response was
   * received.
   */
  async post(body: Buffer, signal: AbortSignal): Promise<Reply> {
    const sent = this.#isPacked ? await packed(body) : body
    signal.throwIfAborted()
    try {
      return await this.#send(sent, signal)
    } catch (error) {
      if (!(error instanceof StaleConnection) || signal.aborted) throw error
      return await this.#send(sent, signal)
    }
  }

  /** Closes the connection. */
  close(): void {
    this.#agent.destroy()
  }

  #send(body: Buffer, signal: AbortSignal): Promise<Reply> {
    const { request } = this.#url.protocol === 'https:' ? https : http
    const headers = { ...this.#headers, 'content-length': body.length }
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#url, { method: 'POST', agent: this.#agent, headers })
      const abort = (): void => {
        reject(signal.reason)
        outgoing.destroy()
      }
      signal.addEventListener('abort', abort, { once: true })
      outgoing.on('socket', detach)
      outgoing.on('close', () => signal.removeEventListener('abort', abort))
      outgoing.on('error', error => reject(connectionError(error, outgoing)))
      outgoing.on('response', response => readReply(response).then(resolve, error => reject(connectionError(error))))
      outgoing.end(body)
    })
  }
}

/** Lets the process exit while the socket is used. */
function detach(socket: Socket): void {
  socket.unref()
  // Each address of a host that is tried has a handle of its own, which would keep the process running again.
  if (socket.connecting) socket.on('connectionAttempt', () => socket.unref())
}

const packed: (body: Buffer) => Promise<Buffer> = promisify(gzip)

/** The receiver has closed the kept-alive connection before it received this request. */
class StaleConnection extends SinkError {}

function connectionError(error: Error, { reusedSocket }: { reusedSocket?: boolean } = {}): SinkError {
  const { code, message } = error as NodeJS.ErrnoException
  // If several addresses were tried and all failed, the error has no message of its own.
  const parts = error instanceof AggregateError ? error.errors.map(String).join('; ') : message
  const Kind = reusedSocket === true && (code === 'ECONNRESET' || code === 'EPIPE') ? StaleConnection : SinkError
  return new Kind('connection', parts || String(code), { cause: error })
}

async function readReply(response: http.IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    // A longer body is not a response of OTLP, and the connection cannot be used any more.
    if (length > MOST_BYTES) break
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(chunks),
  }
}

const MOST_BYTES = 2 ** 16

function tlsOf({ certificate, clientCertificate, clientKey }: Partial<ResolvedOtlpOptions>): https.AgentOptions {
  return {
    ...(certificate !== undefined && { ca: read('certificate', certificate) }),
    ...(clientCertificate !== undefined && { cert: read('clientCertificate', clientCertificate) }),
    ...(clientKey !== undefined && { key: read('clientKey', clientKey) }),
  }
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const remedy = `It cannot be read (${(error as Error).message}).`
    throw promherdError('ERR_PROMHERD_BAD_OPTION', `forward.otlp.${option}`, 'a file in PEM format', path, remedy)
  }
}
