import { connect } from 'node:net'

/** A client in another process than the server, with keep-alive connections and one open request on each. */

/**
 * @param {number} port on the loopback
 * @param {Buffer[]} requests sent in turn
 * @param {number} connections
 * @returns {Promise<{ send(count: number): Promise<void>, close(): void }>}
 */
export async function socketClient(port, requests, connections) {
  let next = 0
  let toSend = 0
  let toAnswer = 0
  let done = () => {}
  let failed = _error => {}

  const ask = socket => {
    if (toSend === 0) return
    toSend--
    socket.write(requests[next])
    next = (next + 1) % requests.length
  }
  const open = async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    let rest = ''
    socket.on('data', chunk => {
      rest += chunk.toString('latin1')
      const length = lengthOf(rest)
      if (length === undefined || rest.length < length) return
      rest = rest.slice(length)
      toAnswer--
      if (toAnswer === 0) done()
      else ask(socket)
    })
    socket.on('close', () => toAnswer > 0 && failed(new Error('Expected a response, but the connection was closed.')))
    socket.on('error', error => failed(error))
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: connections }, open))

  return {
    send(count) {
      return new Promise((resolve, reject) => {
        done = resolve
        failed = reject
        toSend = count
        toAnswer = count
        for (const socket of sockets) ask(socket)
      })
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The length of the first response in `text`, or undefined if its head is not complete. */
export function lengthOf(text) {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`Expected status 200, but got ${text.slice(0, 40)}.`)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))
  if (length === null)
    throw new Error('Expected a response with a Content-Length, since the client finds its end with it.')
  return end + 4 + Number(length[1])
}
