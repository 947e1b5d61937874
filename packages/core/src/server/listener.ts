import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jitteredMs } from '../base/backoff.ts'
import type { Warner } from '../base/warner.ts'

/** The address of a listening server. */
export interface Address {
  readonly port: number
  readonly host: string
  readonly url: string
}

/** Binds a server to its port, now or as soon as the port is available. */
export class Listener {
  /** Resolves when the port is bound. Stays pending if it never is. */
  readonly bound: Promise<Address>
  address: Address | undefined
  readonly #server: Server
  readonly #where: { readonly port: number; readonly host: string }
  readonly #warner: Warner
  readonly #resolve: (address: Address) => void
  #attempts = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(server: Server, where: { readonly port: number; readonly host: string }, warner: Warner) {
    this.#server = server
    this.#where = where
    this.#warner = warner
    let resolve: (address: Address) => void = () => {}
    this.bound = new Promise(settle => {
      resolve = settle
    })
    this.#resolve = resolve
    server.on('error', error => this.#failed(error))
    server.on('listening', () => this.#listens())
    this.#listen()
  }

  stop(): void {
    this.#stopped = true
    this.address = undefined
    clearTimeout(this.#timer)
  }

  #listen(): void {
    if (this.#stopped) return
    // Otherwise, in a worker of a cluster, the primary would open the port and share it among all workers.
    this.#server.listen({ ...this.#where, exclusive: true })
  }

  #listens(): void {
    if (this.#stopped) return
    const { port } = this.#server.address() as AddressInfo
    const { host } = this.#where
    this.address = { port, host, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` }
    this.#resolve(this.address)
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#stopped || this.address !== undefined) return
    const code = error.code ?? 'unknown'
    this.#warner.logOnce(`listen ${code}`, explain(code, this.#where, error))
    // Unref'ed: waiting for a port must not keep the process alive.
    this.#timer = setTimeout(() => this.#listen(), jitteredMs(this.#attempts++, RETRY)).unref()
  }
}

const RETRY = { firstMs: 250, mostMs: 5000 }

function explain(code: string, { port, host }: { port: number; host: string }, error: Error): string {
  const where = `port ${port} on ${host}`
  const meanwhile = 'promherd retries until it works; the application is not affected.'
  switch (code) {
    case 'EADDRINUSE':
      return `Expected ${where} to be free for the metrics, but another process has it. Stop that process, or choose another port with PROMETHEUS_METRICS_PORT. ${meanwhile}`
    case 'EACCES':
      return `Expected to be allowed to serve the metrics on ${where}, but this user is not. Choose a port from 1024 on with PROMETHEUS_METRICS_PORT. ${meanwhile}`
    case 'EADDRNOTAVAIL':
      return `Expected ${host} to be an address of this host to serve the metrics on, but it is not. Correct PROMETHEUS_BIND_ADDRESS. ${meanwhile}`
    default:
      return `Expected to serve the metrics on ${where}, but that failed (${error.message}). ${meanwhile}`
  }
}
