import { Duplex } from 'node:stream'

/**
 * Requests without a kernel: Node's own HTTP server, parser, request and response over a connection that is only
 * memory. `finish` and `close` come as they do on a socket, since the server is the one that emits them.
 */

/** One keep-alive connection, as the server sees it. */
export class MemorySocket extends Duplex {
  /** How many answers have arrived. Each is one write: head and body of a small response leave together. */
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

  // What the server asks of a socket and a stream does not have.
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
 * Makes a client of `server` with `connections` open connections. Each has one request under way at most, as
 * keep-alive clients do; each turn of the event loop answers one on every connection.
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
    if (answered > sent) throw new Error(`Expected one write for each answer, but saw ${answered} for ${sent}.`)
    if (answered === target) return true
    // A handler that takes more than one turn finds its connection left alone until it has answered.
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
