import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { PassThrough, pipeline, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGzip, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { instrumentServer } from '../../adapter/instrument-server.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'

let monitor: Monitor
let servers: Server[]

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory' })
  servers = []
})

afterEach(async () => {
  for (const server of servers) {
    ;(server as { closeAllConnections?: () => void }).closeAllConnections?.()
    server.close()
  }
  await monitor.close()
})

/** The count and the sum of each series. */
async function sums(name: string): Promise<Record<string, readonly [number, number]>> {
  const family = (await monitor.snapshot()).families.find(candidate => candidate.name === name)
  return Object.fromEntries(
    (family?.labels ?? []).map((labels, i) => {
      const values = [...family!.values.of(i)]
      const sum = values.pop()!
      return [labels.join(' '), [values.reduce((all, count) => all + count, 0), sum] as const]
    }),
  )
}

/** Bytes of requests and responses, where all have the same labels. */
async function sizes(): Promise<{ readonly request: number; readonly response: number; readonly exchanges: number }> {
  const [requests] = Object.values(await sums('http_request_size_bytes'))
  const [responses] = Object.values(await sums('http_response_size_bytes'))
  return { request: requests![1], response: responses![1], exchanges: responses![0] }
}

async function ended(exchanges: number): Promise<void> {
  const options = { timeout: 10_000, interval: 5 }
  const count = async (): Promise<number> =>
    Object.values(await sums('http_response_size_bytes')).reduce((all, [one]) => all + one, 0)
  await expect.poll(count, options).toBe(exchanges)
}

async function serving(server: Server): Promise<number> {
  servers.push(server)
  instrumentServer(server, { monitor, bodySize: true, route: () => '/' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Sends `body` and answers the length of what came back, once the exchange has ended. */
async function exchange(
  listener: RequestListener,
  options: { readonly method?: string; readonly body?: readonly (string | Buffer)[]; readonly chunked?: boolean } = {},
): Promise<{ request: number; response: number; came: number }> {
  const port = await serving(createServer(listener))
  const { method = options.body === undefined ? 'GET' : 'POST', body = [], chunked = false } = options
  const length = body.reduce((all, piece) => all + Buffer.byteLength(piece), 0)
  const headers = body.length === 0 ? {} : chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }
  const sent = request({ port, method, headers, agent: false })
  for (const piece of body) sent.write(piece)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let came = 0
  for await (const piece of response) came += (piece as Buffer).length
  await ended(1)
  const { request: received, response: answered } = await sizes()
  return { request: received, response: answered, came }
}

const answering =
  (...pieces: readonly (string | Buffer)[]): RequestListener =>
  (_request, response) => {
    for (const piece of pieces.slice(0, -1)) response.write(piece)
    response.end(pieces.at(-1))
  }

describe('the size of a response is that of the body on the wire', () => {
  test.each<[string, RequestListener, number]>([
    ['nothing', answering(), 0],
    ['a text with a length', answering('hällo'), 6],
    ['text in an encoding', (_request, response) => void response.end('ff00ff', 'hex'), 3],
    ['a buffer', answering(Buffer.alloc(100_000)), 100_000],
    ['chunks, without their framing', answering('one', 'two', Buffer.alloc(50_000), 'last'), 50_010],
    ['a stream', (_request, response) => void pipeline(Readable.from(['abc', 'defg']), response, () => {}), 7],
    ['a 204, whatever was written', (_request, response) => void response.writeHead(204).end('abc'), 0],
    ['a 304, whatever was written', (_request, response) => void response.writeHead(304).end('abc'), 0],
  ])('%s', async (_what, listener, bytes) => {
    expect(await exchange(listener)).toEqual({ request: 0, response: bytes, came: bytes })
  })

  test('an answer to HEAD has no body', async () => {
    expect(await exchange(answering('hello'), { method: 'HEAD' })).toEqual({ request: 0, response: 0, came: 0 })
  })

  test('what is compressed counts as compressed', async () => {
    const plain = 'abc'.repeat(100_000)
    const compressed = gzipSync(plain).length
    const listener: RequestListener = (_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      pipeline(Readable.from([plain]), createGzip(), response, () => {})
    }
    const { response, came } = await exchange(listener)
    expect(response).toBe(came)
    expect(came).toBeLessThan(plain.length / 100)
    expect(came).toBe(compressed)
  })

  test('a middleware that puts compression before `write` and `end` is seen through', async () => {
    const listener: RequestListener = (_request, response) => {
      compressing(response)
      response.write('abc'.repeat(10_000))
      response.end('abc'.repeat(10_000))
    }
    const { response, came } = await exchange(listener)
    expect(response).toBe(came)
    expect(came).toBe(gzipSync('abc'.repeat(20_000)).length)
  })

  test('callbacks of `write` and `end` are called as before', async () => {
    const called: string[] = []
    const listener: RequestListener = (_request, response) => {
      response.write('a', () => called.push('write'))
      response.write('62', 'hex', () => called.push('encoded'))
      response.end('c', () => called.push('end'))
    }
    expect(await exchange(listener)).toEqual({ request: 0, response: 3, came: 3 })
    expect(called).toEqual(['write', 'encoded', 'end'])
  })

  test('what is written after the end is not sent, and not counted', async () => {
    const listener: RequestListener = (_request, response) => {
      response.on('error', () => {})
      response.end('abc')
      response.write('more')
      response.end('and more')
    }
    expect((await exchange(listener)).response).toBe(3)
  })
})

/** As the package `compression` does it. */
function compressing(response: ServerResponse): void {
  const gzip = createGzip()
  const write = response.write.bind(response) as (chunk: Buffer) => boolean
  const end = response.end.bind(response) as () => void
  gzip.on('data', chunk => void write(chunk as Buffer)).on('end', () => end())
  response.write = ((chunk: string) => gzip.write(chunk)) as typeof response.write
  response.end = ((chunk: string) => gzip.end(chunk)) as unknown as typeof response.end
}

const reading: RequestListener = (incoming, response) => void incoming.resume().on('end', () => response.end())

describe('the size of a request is that of its body on the wire', () => {
  const body = ['hällo', Buffer.alloc(70_000)]

  test('with a length', async () => {
    expect((await exchange(reading, { body })).request).toBe(70_006)
  })

  test('in chunks, without their framing', async () => {
    expect((await exchange(reading, { body, chunked: true })).request).toBe(70_006)
  })

  test('when it was read late', async () => {
    const late: RequestListener = (incoming, response) =>
      void setTimeout(
        () =>
          incoming
            .pipe(new PassThrough())
            .resume()
            .on('end', () => response.end()),
        20,
      )
    expect((await exchange(late, { body, chunked: true })).request).toBe(70_006)
  })

  test('when no handler read it', async () => {
    const afterAll: RequestListener = (incoming, response) => void waitWhole(incoming).then(() => response.end('no'))
    expect(await exchange(afterAll, { body: ['abc'] })).toMatchObject({ request: 3, response: 2 })
  })

  test('of a client that left midway: what had come', async () => {
    let came = 0
    const port = await serving(
      createServer(incoming => {
        incoming.on('error', () => {})
        incoming.on('data', piece => {
          came += (piece as Buffer).length
        })
      }),
    )
    const socket = await dialled(port)
    socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(300)}`)
    await expect.poll(() => came, { interval: 5 }).toBe(300)
    socket.destroy()
    await ended(1)
    expect(await sizes()).toEqual({ request: 300, response: 0, exchanges: 1 })
  })
})

async function waitWhole(incoming: IncomingMessage): Promise<void> {
  while (!incoming.complete) await new Promise(resolve => setImmediate(resolve))
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

describe('connections', () => {
  test('requests behind each other are each their own', async () => {
    const port = await serving(
      createServer((incoming, response) => void incoming.resume().on('end', () => response.end('y'.repeat(200)))),
    )
    const socket = await dialled(port)
    const one = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n${'x'.repeat(100)}`
    socket.write(one + one + one)
    await ended(3)
    socket.destroy()
    expect(await sizes()).toEqual({ request: 300, response: 600, exchanges: 3 })
  })

  test('of a response that was torn, the pieces count that had left', async () => {
    const port = await serving(createServer((_incoming, response) => void response.write('first ')))
    const socket = await dialled(port)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    let heard = ''
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      heard += String(piece)
      if (heard.includes('first ')) break
    }
    socket.destroy()
    await ended(1)
    expect(await sizes()).toEqual({ request: 0, response: 6, exchanges: 1 })
  })

  test('what waited for a client that did not read it was not sent', async () => {
    const piece = 8_000_000
    const port = await serving(
      createServer((_incoming, response) => {
        response.write('first ', () => {
          response.write(Buffer.alloc(piece))
          response.end(Buffer.alloc(piece))
        })
      }),
    )
    const socket = await dialled(port)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'readable')
    socket.destroy()
    await ended(1)
    expect(await sizes()).toEqual({ request: 0, response: 6, exchanges: 1 })
    const errors = (await monitor.snapshot()).families.find(({ name }) => name === 'http_request_errors_total')
    expect(errors?.labels).toEqual([['GET', '/', 'client_abort']])
  })
})

test('the buckets are powers of ten, and each observation is in one', async () => {
  await exchange(answering(Buffer.alloc(1001)))
  const family = (await monitor.snapshot()).families.find(({ name }) => name === 'http_response_size_bytes')!
  expect(family.labelNames).toEqual(['method', 'route'])
  expect(family.buckets).toEqual([100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000])
  expect([...family.values]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 1001])
})

test('two layers that ask for sizes count each byte once', async () => {
  const listener: RequestListener = (incoming, response) => {
    monitor.http({ bodySize: true }).follow(incoming, response, () => '/', undefined)
    other.http({ bodySize: true }).follow(incoming, response, () => '/', undefined)
    response.write('abc')
    response.end('d')
  }
  const other = createMonitor({ storage: 'memory' })
  expect(await exchange(listener)).toEqual({ request: 0, response: 4, came: 4 })
  const family = (await other.snapshot()).families.find(({ name }) => name === 'http_response_size_bytes')
  expect(family?.values.of(0).at(-1)).toBe(4)
  await other.close()
})

test('without the option nothing of a response is touched', async () => {
  const server = createServer((incoming, response) => {
    response.end(String([incoming, response].some(part => Object.hasOwn(part, 'write') || Object.hasOwn(part, 'push'))))
  })
  servers.push(server)
  instrumentServer(server, { monitor })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sent = request({ port: (server.address() as AddressInfo).port, method: 'POST', agent: false }).end('abc')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(await text(response)).toBe('false')
  const names = (await monitor.snapshot()).families.map(({ name }) => name)
  expect(names.filter(name => /size_bytes|first_byte/.test(name))).toEqual([])
})

describe('over HTTP/2', () => {
  async function overHttp2(
    listener: (incoming: IncomingMessage, response: ServerResponse) => void,
    headers: Record<string, string>,
    body: readonly (string | Buffer)[] = [],
  ): Promise<number> {
    const port = await serving(createHttp2Server(listener as never))
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    const stream = client.request(headers, { endStream: body.length === 0 })
    for (const piece of body) stream.write(piece)
    if (body.length > 0) stream.end()
    let came = 0
    for await (const piece of stream) came += (piece as Buffer).length
    await ended(1)
    client.destroy()
    return came
  }

  test('bodies are counted without frames', async () => {
    const listener: RequestListener = (incoming, response) => {
      response.write('abc')
      pipeline(incoming, new PassThrough(), response, () => {})
    }
    expect(await overHttp2(listener, { ':method': 'POST' }, ['xyz', Buffer.alloc(40_000)])).toBe(40_006)
    expect(await sizes()).toEqual({ request: 40_003, response: 40_006, exchanges: 1 })
  })

  test('the last piece counts once', async () => {
    expect(await overHttp2((_incoming, response) => void response.end('hello'), {})).toBe(5)
    expect(await sizes()).toEqual({ request: 0, response: 5, exchanges: 1 })
  })

  test('an answer to HEAD has no body', async () => {
    expect(await overHttp2((_incoming, response) => void response.end('hello'), { ':method': 'HEAD' })).toBe(0)
    expect(await sizes()).toEqual({ request: 0, response: 0, exchanges: 1 })
  })
})
