import { type EventEmitter, errorMonitor } from 'node:events'
import { type ListenOptions, Server } from 'node:net'
import type { Channel } from '../channel.ts'
import { isOurs, type PortAnswer, type PortRequest, type ToWorker } from '../messages.ts'
import { dup, type PortSharing } from './sockets.ts'

/**
 * Replaces `net.Server.prototype.listen` in this thread: its servers share ports with the servers of the other threads,
 * as in workers of Node's cluster. `listen(3000)` is the same call in each of them. Pipes, handles and `exclusive`
 * sockets are not shared.
 */
export function patchListen(sharing: PortSharing, channel: Channel): void {
  const listen = Server.prototype.listen as Listen
  const share = {
    duplicates: () => requestingListen(listen, channel),
    reuse_port: () => reusingListen(listen),
    none: () => plainListen(listen),
  }
  Server.prototype.listen = share[sharing]() as typeof Server.prototype.listen
}

type Listen = (this: Server, ...args: unknown[]) => Server

/** Requests the socket from the primary. */
function requestingListen(listen: Listen, channel: Channel): Listen {
  const waiting = new Map<number, (answer: PortAnswer) => void>()
  let requests = 0
  let anyPorts = 0
  channel.listen(message => {
    if (!isOurs<ToWorker>(message) || message.promherd !== 'port_answer') return
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  return function (this: Server, ...args) {
    const requested = requestedOf(args)
    if (requested === undefined || this.listening) return listen.apply(this, args)
    const { port, host, backlog, ipv6Only } = requested.options
    // Port 0 is shared by order: the first request of one thread gets the same port as the first of every other.
    const key = JSON.stringify([port, host ?? '', ipv6Only ?? false, port === 0 ? anyPorts++ : ''])
    const request: PortRequest = { key, port, host, backlog, ipv6Only }
    if (requested.callback !== undefined) this.once('listening', requested.callback)
    const id = ++requests
    waiting.set(id, answer => {
      if ('error' in answer) {
        this.emit('error', Object.assign(new Error(answer.error.message), answer.error))
        return
      }
      const fd = dup(answer.fd)
      channel.send({ promherd: 'port_opened', key })
      if (fd < 0) {
        this.emit('error', Object.assign(new Error('listen EMFILE: too many open files'), { code: 'EMFILE' }))
        return
      }
      this.once('close', () => channel.send({ promherd: 'port_closed', key }))
      listen.call(this, { ...requested.options, fd }, ...(backlog === undefined ? [] : [backlog]))
    })
    channel.send({ promherd: 'port_request', id, request })
    return this
  }
}

/** Opens a socket for this thread in addition to those of the others. */
function reusingListen(listen: Listen): Listen {
  return function (this: Server, ...args) {
    const requested = requestedOf(args)
    if (requested === undefined || requested.options.port === 0) return listen.apply(this, args)
    return listen.call(this, { ...requested.options, reusePort: true }, requested.callback)
  }
}

/** Adds a remedy to the error if the port is in use, as it is in every thread but the first. */
function plainListen(listen: Listen): Listen {
  return function (this: Server, ...args) {
    // Unlike a listener of `error`, this one does not make the error handled.
    const { once }: { once: EventEmitter['once'] } = this
    once.call(this, errorMonitor, (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return
      error.message += `. ${REMEDY}`
      error.stack = `${error.name}: ${error.message}`
    })
    return listen.apply(this, args)
  }
}

const REMEDY =
  'Threads cannot share a port on this system. Install `koffi`, or use Node 22.12 or newer on Linux, or let each thread listen on a different port, such as `3000 + Number(process.env.PROMHERD_WORKER)`.'

interface Requested {
  readonly options: ListenOptions & { readonly port: number }
  readonly callback: (() => void) | undefined
}

/** The address that a call of `listen` requests; undefined if it is not a port that can be shared, or is an error. */
function requestedOf(args: readonly unknown[]): Requested | undefined {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  const given = callback === undefined ? args : args.slice(0, -1)
  const options = optionsOf(given)
  const port = portOf(options['port'])
  const isUnshared = UNSHARED.some(name => options[name] !== undefined && options[name] !== false)
  return port === undefined || isUnshared ? undefined : { options: { ...options, port }, callback }
}

/** Options with which a socket is not shared. */
const UNSHARED = ['path', 'fd', 'handle', '_handle', 'exclusive', 'reusePort']

/** The three ways to call it: with options or a handle, with a port and more, or without arguments. */
function optionsOf([first, ...rest]: readonly unknown[]): Record<string, unknown> {
  if (typeof first === 'object' && first !== null) return 'fd' in first ? { fd: first.fd } : { ...first }
  const host = rest.find(value => typeof value === 'string')
  const backlog = rest.find(value => typeof value === 'number')
  return { port: first ?? 0, ...(host !== undefined && { host }), ...(backlog !== undefined && { backlog }) }
}

function portOf(value: unknown): number | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')
  const port = isNumber ? Number(value) : Number.NaN
  return Number.isInteger(port) && port >= 0 && port < 65_536 ? port : undefined
}
