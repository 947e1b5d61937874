import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { until } from '../support/until.js'
import { attributesOf, decodeJsonRequest, decodeRequest, encodeResponse, type Plain } from './definitions.js'

/** A receiver of OTLP over HTTP that decodes by OpenTelemetry's definitions, and responds as a test wants. */
export class Receiver {
  readonly pushes: Push[] = []
  readonly url: string
  /** How each next request is answered; the default is full success. */
  readonly #answers: Answer[] = []

  private constructor(url: string) {
    this.url = url
  }

  /** Listens until the test ends. */
  static async start({ port = 0, tls }: { port?: number; tls?: { key: Buffer; cert: Buffer; ca?: Buffer } } = {}) {
    const take = (request: IncomingMessage, response: ServerResponse) => void receiver.#take(request, response)
    const secure = tls && { ...tls, ...(tls.ca && { requestCert: true, rejectUnauthorized: true }) }
    const server = secure === undefined ? createServer(take) : createSecureServer(secure, take)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address() as AddressInfo
    const receiver = new Receiver(`${tls === undefined ? 'http' : 'https'}://localhost:${address.port}`)
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return receiver
  }

  /** Has the next requests answered so, in this order. */
  answer(...answers: Answer[]): void {
    this.#answers.push(...answers)
  }

  /** The first push for which `condition` holds. */
  async push(what: string, condition: (push: Push) => boolean = () => true): Promise<Push> {
    return until(() => this.pushes.find(condition), { what: `a push with ${what}` })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    this.pushes.push(new Push(request, body))
    const answer = this.#answers.shift() ?? {}
    if (answer === 'silence') return
    if (answer === 'hang up') {
      request.socket.destroy()
      return
    }
    const { status = 200, headers = {}, plain = {} } = answer
    const isJson = request.headers['content-type'] === 'application/json'
    const type = isJson ? 'application/json' : 'application/x-protobuf'
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(answer.body ?? (isJson ? JSON.stringify(plain) : encodeResponse(plain)))
  }
}

export type Answer =
  | 'silence'
  | 'hang up'
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      /** An ExportMetricsServiceResponse. */
      readonly plain?: Plain
      readonly body?: string
    }

/** One request, decoded. */
export class Push {
  readonly at: number = Date.now()
  readonly path: string
  /** The port of the other end of its connection. */
  readonly port: number | undefined
  readonly headers: IncomingHttpHeaders
  /** How long the body was, as it was sent. */
  readonly sentBytes: number
  readonly #resourceMetrics: Plain

  constructor({ url, headers, socket }: IncomingMessage, body: Buffer) {
    this.path = url ?? ''
    this.port = socket.remotePort
    this.headers = headers
    this.sentBytes = body.length
    const unpacked = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const isJson = headers['content-type'] === 'application/json'
    const decoded = isJson ? decodeJsonRequest(unpacked.toString()) : decodeRequest(unpacked)
    if (decoded.resourceMetrics.length !== 1) throw new Error('Expected one resource.')
    this.#resourceMetrics = decoded.resourceMetrics[0]
  }

  get resource(): Record<string, string> {
    return attributesOf(this.#resourceMetrics.resource.attributes)
  }

  /** When its snapshot was taken, in milliseconds. */
  get takenAt(): number {
    const [{ timeUnixNano }] = this.points('promherd_build_info')
    return Number(timeUnixNano) / 1e6
  }

  get scope(): Plain {
    return this.#resourceMetrics.scopeMetrics[0].scope
  }

  get metrics(): Plain[] {
    return this.#resourceMetrics.scopeMetrics[0].metrics
  }

  metric(name: string): Plain {
    return this.metrics.find(metric => metric.name === name)
  }

  /** The points of a metric of any kind whose attributes include these; none where there is no such metric. */
  points(name: string, attributes: Readonly<Record<string, string>> = {}): Plain[] {
    const { gauge, sum, histogram, summary } = this.metric(name) ?? {}
    const points: Plain[] = (gauge ?? sum ?? histogram ?? summary)?.dataPoints ?? []
    const wanted = Object.entries(attributes)
    return points.filter(point => {
      const own = attributesOf(point.attributes)
      return wanted.every(([key, value]) => own[key] === value)
    })
  }

  /** The values of these points, added up: of a histogram the counts. */
  sum(name: string, attributes?: Readonly<Record<string, string>>): number {
    return this.points(name, attributes).reduce((sum, { asDouble, count }) => sum + (asDouble ?? Number(count)), 0)
  }

  /** What may never fall, by its name and attributes. */
  get cumulative(): Map<string, { readonly value: number; readonly startedAt: string }> {
    const values = new Map<string, { value: number; startedAt: string }>()
    for (const { name, sum, histogram, summary } of this.metrics) {
      for (const { attributes, startTimeUnixNano, asDouble, count } of (sum ?? histogram ?? summary)?.dataPoints ??
        []) {
        const value = asDouble ?? Number(count)
        values.set(`${name} ${JSON.stringify(attributesOf(attributes))}`, { value, startedAt: startTimeUnixNano })
      }
    }
    return values
  }
}
