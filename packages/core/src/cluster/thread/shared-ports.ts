import { closeSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { PortAnswer, PortError, PortRequest } from '../messages.ts'
import { acceptLast } from '../tcp.ts'
import { dup } from './sockets.ts'

/**
 * The ports that the threads of this process share. Each is bound once, by the main thread, which accepts no connections
 * from it: every thread listens on a duplicate of the same socket, and the kernel assigns each connection to one of
 * them. So a waiting connection is not lost when a thread exits that could have accepted it.
 *
 * A port is open as long as a thread that is not being ended serves it, and is closed with the last one.
 */
export class SharedPorts {
  readonly #ports = new Map<string, SharedPort>()

  /** The ports of a new thread. */
  ofThread(): ThreadPorts {
    return new ThreadPorts(this.#ports)
  }

  /** Stops new connections on all ports, and resolves when the threads have accepted those that have begun. */
  async acceptLast(): Promise<void> {
    await Promise.all([...this.#ports.values()].map(async ({ fd }) => acceptLast(await fd.catch(() => -1))))
  }
}

/** The ports of one thread. */
export class ThreadPorts {
  readonly #ports: Map<string, SharedPort>
  /** By port: the number of the thread's servers, and of its requests for which it has no descriptor of its own yet. */
  readonly #uses = new Map<string, Uses>()
  #isStopped = false

  constructor(ports: Map<string, SharedPort>) {
    this.#ports = ports
  }

  /** Returns the requested socket; binds it first if necessary. Never rejects. */
  async request(request: PortRequest): Promise<PortAnswer> {
    const { key } = request
    const port = this.#ports.get(key) ?? { fd: bind(request), users: new Set() }
    this.#ports.set(key, port)
    port.users.add(this)
    const uses = this.#usesOf(key)
    uses.servers++
    uses.requests++
    try {
      return { fd: await port.fd }
    } catch (error) {
      this.#remove(key, { requests: 1, servers: 1 })
      return { error: portErrorOf(error as NodeJS.ErrnoException) }
    }
  }

  /** The thread has its own descriptor now. */
  opened(key: string): void {
    this.#remove(key, { requests: 1, servers: 0 })
  }

  /** A server of the thread is closed. */
  closed(key: string): void {
    this.#remove(key, { requests: 0, servers: 1 })
  }

  /**
   * The thread accepts no more connections. It may still duplicate a descriptor that it has requested, which must not
   * refer to another file by then.
   */
  stop(): void {
    this.#isStopped = true
    for (const key of [...this.#uses.keys()]) this.#remove(key, { requests: 0, servers: 0 })
  }

  /** The thread has exited. */
  release(): void {
    for (const key of [...this.#uses.keys()]) this.#leave(key)
  }

  #usesOf(key: string): Uses {
    const uses = this.#uses.get(key) ?? { servers: 0, requests: 0 }
    this.#uses.set(key, uses)
    return uses
  }

  #remove(key: string, { requests, servers }: Uses): void {
    const uses = this.#usesOf(key)
    uses.requests -= requests
    uses.servers -= servers
    if (uses.requests <= 0 && (uses.servers <= 0 || this.#isStopped)) this.#leave(key)
  }

  #leave(key: string): void {
    this.#uses.delete(key)
    const port = this.#ports.get(key)
    if (port === undefined || !port.users.delete(this) || port.users.size > 0) return
    this.#ports.delete(key)
    port.fd.then(closeSync, () => {})
  }
}

/** What one thread uses of a port. */
interface Uses {
  servers: number
  requests: number
}

interface SharedPort {
  readonly fd: Promise<number>
  readonly users: Set<ThreadPorts>
}

/** A socket that listens and that no event loop accepts from. */
function bind({ port, host, backlog, ipv6Only }: PortRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port, host, backlog, ipv6Only: ipv6Only ?? false, exclusive: true }, () => {
      // In the same turn in which it was bound, so this event loop has not accepted connections yet.
      const fd = dup(fdOf(server))
      server.close()
      if (fd < 0) reject(new Error('the socket could not be duplicated: too many open files'))
      else resolve(fd)
    })
  })
}

function fdOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd
}

function portErrorOf(error: NodeJS.ErrnoException & { readonly address?: string; readonly port?: number }): PortError {
  const { message, code, errno, syscall, address, port } = error
  return { message, code, errno, syscall, address, port }
}
