import { closeSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { PortAnswer, PortError, PortWish } from '../messages.ts'
import { acceptLast } from '../tcp.ts'
import { dup } from './sockets.ts'

/**
 * The ports that the threads of this process share. Each is bound once, here, and never accepted from here: every
 * thread listens on a duplicate of the same socket, and the kernel gives each connection to one of them. So a waiting
 * connection is not lost when a thread ends that could have accepted it.
 *
 * A port is held for as long as a thread that is not ending serves it, and closed with the last one.
 */
export class HeldPorts {
  readonly #held = new Map<string, Held>()

  /** The object through which one thread requests ports. */
  user(): PortUser {
    return new PortUser(this.#held)
  }

  /** Stops new connections on all ports, and resolves when the threads have accepted those that have begun. */
  async acceptLast(): Promise<void> {
    await Promise.all([...this.#held.values()].map(async ({ fd }) => acceptLast(await fd.catch(() => -1))))
  }
}

/** The ports of one thread. */
export class PortUser {
  readonly #held: Map<string, Held>
  /** By port: the number of the thread's servers, and of its requests that have no socket yet. */
  readonly #uses = new Map<string, { servers: number; promised: number }>()
  #isEnding = false

  constructor(held: Map<string, Held>) {
    this.#held = held
  }

  /** Returns the requested socket; binds it first if necessary. Never rejects. */
  async ask(wish: PortWish): Promise<PortAnswer> {
    const { key } = wish
    const held = this.#held.get(key) ?? { fd: bind(wish), users: new Set() }
    this.#held.set(key, held)
    held.users.add(this)
    const uses = this.#usesOf(key)
    uses.servers++
    uses.promised++
    try {
      return { fd: await held.fd }
    } catch (error) {
      this.#give(key, { promised: 1, servers: 1 })
      return { error: wordsOf(error as NodeJS.ErrnoException) }
    }
  }

  /** The thread has a socket of its own now. */
  has(key: string): void {
    this.#give(key, { promised: 1, servers: 0 })
  }

  /** A server of the thread is closed. */
  closed(key: string): void {
    this.#give(key, { promised: 0, servers: 1 })
  }

  /**
   * The thread accepts nothing more. It may still duplicate a descriptor that it was promised, which must not refer to
   * another file by then.
   */
  end(): void {
    this.#isEnding = true
    for (const key of [...this.#uses.keys()]) this.#give(key, { promised: 0, servers: 0 })
  }

  /** The thread has exited. */
  gone(): void {
    for (const key of [...this.#uses.keys()]) this.#leave(key)
  }

  #usesOf(key: string): { servers: number; promised: number } {
    const uses = this.#uses.get(key) ?? { servers: 0, promised: 0 }
    this.#uses.set(key, uses)
    return uses
  }

  #give(key: string, { promised, servers }: { promised: number; servers: number }): void {
    const uses = this.#usesOf(key)
    uses.promised -= promised
    uses.servers -= servers
    if (uses.promised <= 0 && (uses.servers <= 0 || this.#isEnding)) this.#leave(key)
  }

  #leave(key: string): void {
    this.#uses.delete(key)
    const held = this.#held.get(key)
    if (held === undefined || !held.users.delete(this) || held.users.size > 0) return
    this.#held.delete(key)
    held.fd.then(closeSync, () => {})
  }
}

interface Held {
  readonly fd: Promise<number>
  readonly users: Set<PortUser>
}

/** A socket that listens and that no event loop accepts from. */
function bind({ port, host, backlog, ipv6Only }: PortWish): Promise<number> {
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

function wordsOf(error: NodeJS.ErrnoException & { readonly address?: string; readonly port?: number }): PortError {
  const { message, code, errno, syscall, address, port } = error
  return { message, code, errno, syscall, address, port }
}
