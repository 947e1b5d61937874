import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { categoryOf } from '../../packages/core/src/http/category/category.ts'
import { answered, deadPort, serve, thrownBy } from './support.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>
type Client = (port: number) => void

/** The category of an exchange between a handler and a client, from the error and the facts of a real response. */
async function categoryOfExchange(handler: Handler, client: Client): Promise<string | undefined> {
  const { promise, resolve } = withResolvers<string | undefined>()
  const port = await serve((request, response) => {
    const failed = handler(request, response).then(
      () => undefined,
      error => error,
    )
    const closed = once(response, 'close')
    void Promise.all([failed, closed]).then(([error]) => {
      const { statusCode, headersSent, writableFinished } = response
      resolve(categoryOf(error, { statusCode, headersSent, responseDestroyed: !writableFinished }))
    })
  })
  client(port)
  return promise
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Asks, and leaves once the first byte came. */
const leavesAtFirstByte: Client = port => {
  const socket = connect(port, '127.0.0.1', () => socket.write(GET))
  socket.on('error', () => {})
  socket.once('data', () => socket.destroy())
}

/** Asks, and leaves soon after without an answer. */
const leavesEarly: Client = port => {
  const socket = connect(port, '127.0.0.1', () => socket.write(GET, () => setTimeout(() => socket.destroy(), 20)))
  socket.on('error', () => {})
}

/** Asks, and reads whatever comes. */
const stays: Client = port => {
  const socket = connect(port, '127.0.0.1', () => socket.write(GET))
  socket.on('error', () => {})
  socket.resume()
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'x'.repeat(1000)
    await after(1)
  }
}

async function* breaking(error: unknown): AsyncGenerator<string> {
  yield 'x'
  await after(5)
  throw error
}

test('a client that aborts a stream is client_abort', async () => {
  const errors: unknown[] = []
  const handler: Handler = async (_request, response) => {
    const error = await thrownBy(() => pipeline(endless(), response))
    errors.push(error)
    throw error
  }
  expect(await categoryOfExchange(handler, leavesAtFirstByte)).toBe('client_abort')
  expect(errors).toMatchObject([{ code: 'ERR_STREAM_PREMATURE_CLOSE' }])
})

test('work that was cancelled because the client has aborted is client_abort', async () => {
  const handler: Handler = (_request, response) => {
    const controller = new AbortController()
    response.once('close', () => controller.abort())
    return after(10_000, undefined, { signal: controller.signal })
  }
  expect(await categoryOfExchange(handler, leavesEarly)).toBe('client_abort')
})

test('a body that the client aborts is client_abort', async () => {
  const handler: Handler = async request => {
    for await (const _chunk of request);
  }
  const client: Client = port => {
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{'
    const socket = connect(port, '127.0.0.1', () => socket.write(head, () => setTimeout(() => socket.destroy(), 20)))
  }
  expect(await categoryOfExchange(handler, client)).toBe('client_abort')
})

test('a stream that fails is an exception, before and after the headers', async () => {
  const partly: Handler = (_request, response) => pipeline(breaking(new TypeError('x')), response)
  expect(await categoryOfExchange(partly, stays)).toBe('exception')
  const file = join(tmpdir(), 'promherd-is-not-here')
  await rm(file, { force: true })
  const never: Handler = (_request, response) => pipeline(createReadStream(file), response)
  expect(await categoryOfExchange(never, stays)).toBe('exception')
})

test('a fetched body that fails while it is passed on is upstream', async () => {
  const upstream = await serve((request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => setTimeout(() => request.socket.destroy(), 20))
  })
  const handler: Handler = async (_request, response) => {
    const { body } = await fetch(`http://127.0.0.1:${upstream}`)
    await pipeline(Readable.fromWeb(body as ReadableStream), response)
  }
  expect(await categoryOfExchange(handler, stays)).toBe('upstream')
})

test('a body of node:http that fails while it is passed on looks the same as an abort by the client', async () => {
  const upstream = await serve((request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => setTimeout(() => request.socket.destroy(), 20))
  })
  const handler: Handler = async (_request, response) => {
    const [incoming] = await once(get(`http://127.0.0.1:${upstream}`), 'response')
    await pipeline(incoming as IncomingMessage, response)
  }
  expect(await categoryOfExchange(handler, stays)).toBe('client_abort')
})

test('a missing Unix socket is upstream, a missing file an exception', async () => {
  const path = join(tmpdir(), 'promherd-no-such-socket')
  const [error] = await once(connect(path), 'error')
  expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect' })
  expect(categoryOf(error, answered(500))).toBe('upstream')
  const missing = await thrownBy(() => pipeline(createReadStream(path), endlessSink))
  expect(missing).toMatchObject({ code: 'ENOENT', syscall: 'open' })
  expect(categoryOf(missing, answered(500))).toBe('exception')
})

async function endlessSink(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _chunk of source);
}

test('a peer without TLS, and a connection that is not accepted, are upstream', async () => {
  const plain = await serve((_request, response) => response.end())
  const untrusted = await thrownBy(() => fetch(`https://127.0.0.1:${plain}`))
  expect(categoryOf(untrusted, answered(500))).toBe('upstream')
  const port = await deadPort()
  const [refused] = await once(connect(port, '127.0.0.1'), 'error')
  expect(categoryOf(refused, answered(500))).toBe('upstream')
})
