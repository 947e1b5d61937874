import { once } from 'node:events'
import { connect } from 'node:net'
import { io } from 'socket.io-client'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { answerTo, type RequestParts, request } from './program.ts'

/** What the clients of a program receive. */
export interface Visit {
  /** The data that was received before the signal. */
  readonly heard: readonly string[]
  /** The data that open connections receive until they are closed. */
  readonly held?: readonly Promise<string>[]
}

/** Visits the first of the ports of a program. */
export type Visitor = (ports: readonly number[]) => Promise<Visit>

/** Visits the ports of a program from `index` on. */
export function onPort(index: number, visitor: Visitor): Visitor {
  return ports => visitor(ports.slice(index))
}

/** Sends requests one after the other, each on its own connection. Returns the responses as bytes. */
export function requests(...lines: readonly (string | readonly [line: string, parts: RequestParts])[]): Visitor {
  return async ([port]) => {
    const heard: string[] = []
    for (const line of lines) {
      const [text, parts] = typeof line === 'string' ? [line, {}] : line
      heard.push(await answerTo(port!, request(text, parts)))
    }
    return { heard }
  }
}

/** Several visits, one after the other. */
export function all(...visitors: readonly Visitor[]): Visitor {
  return async ports => {
    const visits: Visit[] = []
    for (const visitor of visitors) visits.push(await visitor(ports))
    return { heard: visits.flatMap(({ heard }) => heard), held: visits.flatMap(({ held = [] }) => held) }
  }
}

/** A request whose response is a stream: all its bytes, to the end of the connection. */
export function stream(path: string): Visitor {
  return async ([port]) => {
    const socket = connect(port!, '127.0.0.1')
    const held = bytesUntilTheEnd(socket)
    socket.write(request(`GET ${path}`))
    await once(socket, 'data')
    return { heard: [], held: [held] }
  }
}

/** A connection on which the client sends nothing: all data of the server until it is closed. */
export const greeted: Visitor = async ([port]) => {
  const socket = connect(port!, '127.0.0.1')
  const held = bytesUntilTheEnd(socket)
  await once(socket, 'data')
  return { heard: [], held: [held] }
}

/** A connection on which nothing is ever sent. How it is closed is not compared. */
export const idle: Visitor = async ([port]) => {
  const socket = connect(port!, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return { heard: [] }
}

/** A connection that is kept alive after a request: all data on it until it is closed. */
export const keptAlive: Visitor = async ([port]) => {
  const socket = connect(port!, '127.0.0.1')
  const held = bytesUntilTheEnd(socket)
  socket.write(request('GET /kept', { isLast: false }))
  await once(socket, 'data')
  return { heard: [], held: [held] }
}

/** A WebSocket: the echo of a message, and the code and reason of its close. */
export function webSocket(path: string): Visitor {
  return async ([port]) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
    const held = once(socket, 'close').then(([code, reason]) => `close ${code} ${reason}`)
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    return { heard: [String(message)], held: [held] }
  }
}

/** A client of socket.io over one transport: an acknowledged message, and why it was disconnected. */
export function socketIo(transport: 'polling' | 'websocket'): Visitor {
  return async ([port]) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], reconnection: false })
    const held = new Promise<string>(resolve => socket.once('disconnect', reason => resolve(`disconnect ${reason}`)))
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('connect_error', reject)
    })
    const echo = await socket.emitWithAck('echo', transport)
    return { heard: [echo], held: [held.finally(() => socket.close())] }
  }
}

function bytesUntilTheEnd(socket: ReturnType<typeof connect>): Promise<string> {
  let bytes = ''
  socket.setEncoding('latin1').on('data', piece => {
    bytes += piece
  })
  socket.on('error', error => {
    bytes += `[${(error as NodeJS.ErrnoException).code}]`
  })
  return once(socket, 'close').then(() => bytes.replace(/^Date: .*\r$/gm, 'Date: \r'))
}
