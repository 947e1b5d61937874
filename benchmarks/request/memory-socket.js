import { Duplex } from 'node:stream'

/**
 * Requests without a kernel: Node's own HTTP server, parser, request and response over a connection in memory.
 * `finish` and `close` are emitted as on a socket, since the server emits them.
 */

/** The server side of one keep-alive connection. */
export class MemorySocket extends Duplex {
  /** The number of responses. Each is one write: Node writes head and body of a small response together. */
  answers = 0

  _read() {}

  _write(_chunk, _encoding, callback) {
    this.answers++
    callback()
  }

  _writev(_chunks, callback) {
    this.answers++
    callback()
  }

  // The methods of a socket that the server calls and a stream does not have.
  setTimeout() {
    return this
  }

  setNoDelay() {
    return this
  }

  setKeepAlive() {
    return this
  }

  ref() {
    return this
  }

  unref() {
    return this
  }
}

/**
 * Creates a client of `server` with `connections` open connections. Each has at most one open request, as with
 * keep-alive clients. Each turn of the event loop responds to one request on every connection.
 *
 * @param {import('node:http').Server} server
 * @param {Buffer[]} requests sent in turn
 * @param {number} connections
 * @returns {{ send(count: number): Promise<void>, close(): void }}
 */
export function memoryClient(server, requests, connections) {
  const sockets = Array.from({ length: connections }, () => new MemorySocket())
  for (const socket of sockets) server.emit('connection', socket)
  let next = 0
  let sent = 0
  let answered = 0

  function turn(target) {
    answered = 0
    for (const socket of sockets) answered += socket.answers
    if (answered > sent) throw new Error(`Expected one write for each response, but got ${answered} for ${sent}.`)
    if (answered === target) return true
    // If a handler takes more than one turn, no request is sent until it has responded.
    if (answered !== sent) return false
    for (let i = 0; i < connections && sent < target; i++) {
      sockets[i].push(requests[next])
      next = (next + 1) % requests.length
      sent++
    }
    return false
  }

  return {
    send(count) {
      const target = sent + count
      const turns = (resolve, reject) => {
        try {
          if (turn(target)) return resolve()
          setImmediate(turns, resolve, reject)
        } catch (error) {
          reject(error)
        }
      }
      return new Promise(turns)
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
