import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ErrorFacts } from '../../packages/core/src/http/category/category.ts'

/** What the tests of errors share: real peers on free ports, and a way to hold the error that a library throws. */

/** An exchange that was answered with `statusCode`, whole. */
export const answered = (statusCode: number): ErrorFacts => ({
  statusCode,
  responseDestroyed: false,
  headersSent: true,
})

/** An exchange whose client left in the middle. */
export const CLIENT_LEFT: ErrorFacts = { statusCode: 200, responseDestroyed: true, headersSent: true }

/** What `act` throws or rejects with. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** The port of an HTTP server that lives as long as the test. */
export async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  onTestFinished(() => closed(server, () => server.closeAllConnections()))
  return listening(server)
}

/** The port of a TCP server that lives as long as the test. */
export async function serveTcp(listener: (socket: import('node:net').Socket) => void): Promise<number> {
  const sockets = new Set<import('node:net').Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    listener(socket)
  })
  onTestFinished(() =>
    closed(server, () => {
      for (const socket of sockets) socket.destroy()
    }),
  )
  return listening(server)
}

/** A port on which no process listens. */
export async function deadPort(): Promise<number> {
  const server = createTcpServer()
  const port = await listening(server)
  await closed(server, () => {})
  return port
}

function listening(server: Server | TcpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function closed(server: Server | TcpServer, cut: () => void): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    cut()
  })
}
