import { type EventEmitter, errorMonitor } from 'node:events'
import { type ListenOptions, Server } from 'node:net'
import type { Line } from '../channel.ts'
import { isOurs, type PortAnswer, type PortWish, type ToWorker } from '../messages.ts'
import { dup, type PortSharing } from './sockets.ts'

/**
 * Lets the servers of this thread listen on the same ports as the other threads, as workers of Node's cluster do:
 * `listen(3000)` is the same call in each of them. Pipes, handles and `exclusive` sockets stay the thread's own.
 */
export function sharePorts(sharing: PortSharing, line: Line): void {
  const listen = Server.prototype.listen as Listen
  const share = {
    held: () => askingListen(listen, line),
    reused: () => reusingListen(listen),
    none: () => sole(listen),
  }
  Server.prototype.listen = share[sharing]() as typeof Server.prototype.listen
}

type Listen = (this: Server, ...args: unknown[]) => Server

/** Asks the primary for the socket. */
function askingListen(listen: Listen, line: Line): Listen {
  const waiting = new Map<number, (answer: PortAnswer) => void>()
  let asked = 0
  let anyPorts = 0
  line.listen(message => {
    if (!isOurs<ToWorker>(message) || message.promherd !== 'port') return
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  return function (this: Server, ...args) {
    const wanted = wantedOf(args)
    if (wanted === undefined || this.listening) return listen.apply(this, args)
    const { port, host, backlog, ipv6Only } = wanted.options
    // Port 0 is shared by order: the first request of one thread gets the same port as the first of every other.
    const key = JSON.stringify([port, host ?? '', ipv6Only ?? false, port === 0 ? anyPorts++ : ''])
    const wish: PortWish = { key, port, host, backlog, ipv6Only }
    if (wanted.callback !== undefined) this.once('listening', wanted.callback)
    const id = ++asked
    waiting.set(id, answer => {
      if ('error' in answer) {
        this.emit('error', Object.assign(new Error(answer.error.message), answer.error))
        return
      }
      const fd = dup(answer.fd)
      line.tell({ promherd: 'has_port', key })
      if (fd < 0) {
        this.emit('error', Object.assign(new Error('listen EMFILE: too many open files'), { code: 'EMFILE' }))
        return
      }
      this.once('close', () => line.tell({ promherd: 'closed_port', key }))
      listen.call(this, { ...wanted.options, fd }, ...(backlog === undefined ? [] : [backlog]))
    })
    line.tell({ promherd: 'wants_port', id, wish })
    return this
  }
}

/** Opens a socket for this thread in addition to those of the others. */
function reusingListen(listen: Listen): Listen {
  return function (this: Server, ...args) {
    const wanted = wantedOf(args)
    if (wanted === undefined || wanted.options.port === 0) return listen.apply(this, args)
    return listen.call(this, { ...wanted.options, reusePort: true }, wanted.callback)
  }
}

/** Adds a remedy to the error if the port is in use, as it is in every thread but the first. */
function sole(listen: Listen): Listen {
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
  'Threads cannot share a port here: install `koffi`, or use Node 22.12 or newer on Linux, or let each thread listen on a port of its own, such as `3000 + Number(process.env.PROMHERD_WORKER)`.'

interface Wanted {
  readonly options: ListenOptions & { readonly port: number }
  readonly callback: (() => void) | undefined
}

/** The address that a call of `listen` requests; undefined if it is not a port that can be shared, or is an error. */
function wantedOf(args: readonly unknown[]): Wanted | undefined {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  const given = callback === undefined ? args : args.slice(0, -1)
  const options = optionsOf(given)
  const port = portOf(options['port'])
  const isOwn = OWN.some(name => options[name] !== undefined && options[name] !== false)
  return port === undefined || isOwn ? undefined : { options: { ...options, port }, callback }
}

/** Options that make a socket the thread's own. */
const OWN = ['path', 'fd', 'handle', '_handle', 'exclusive', 'reusePort']

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
