import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** The way to a server, which the test can make slow, cut or lead nowhere. */
export interface Proxy {
  readonly port: number
  readonly url: string
  /** How many connections there were. */
  connections(): number
  /** Each piece takes so long from now on. */
  slow(ms: number): void
  /** No piece passes any more, and no connection is closed. */
  swallow(isOn: boolean): void
  /** The next piece with this text is passed on or not, and its connection is closed before the response. */
  loseAt(text: string, isPassedOn: boolean): void
  /** Whether that has happened. */
  hasLost(): boolean
  /** Closes all connections, and refuses others until `mend`. */
  cut(): void
  mend(): void
}

export async function proxyTo(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let [delayMs, isSwallowing, isCut, count] = [0, false, false, 0]
  let loss: { readonly text: string; readonly isPassedOn: boolean } | undefined
  let hasLost = false
  const server = createServer(near => {
    count++
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.end()
      })
      from.on('data', piece => {
        if (isSwallowing) return
        if (from === near && loss !== undefined && piece.includes(loss.text)) {
          const { isPassedOn } = loss
          loss = undefined
          hasLost = true
          near.destroy()
          // Redis reads what has come before it sees the end.
          if (isPassedOn) far.end(piece)
          return
        }
        if (delayMs === 0) to.write(piece)
        else setTimeout(() => to.write(piece), delayMs)
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as { port: number }
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: own,
    url: `redis://127.0.0.1:${own}`,
    connections: () => count,
    slow(ms) {
      delayMs = ms
    },
    swallow(isOn) {
      isSwallowing = isOn
    },
    loseAt(text, isPassedOn) {
      loss = { text, isPassedOn }
      hasLost = false
    },
    hasLost: () => hasLost,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    mend() {
      isCut = false
    },
  }
}
