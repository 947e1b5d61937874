import { once } from 'node:events'
import { get } from 'node:http'
import { connect, type LookupFunction } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import axios from 'axios'
import { Client, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { categoryOf } from '../../packages/core/src/http/category/category.ts'
import { answered, CLIENT_LEFT, deadPort, serve, serveTcp, thrownBy } from './support.ts'

/** An upstream that never answers, cuts the connection, or answers with the status that its path names. */
async function upstream(): Promise<string> {
  const port = await serve((incoming, response) => {
    if (incoming.url === '/hang') return
    if (incoming.url === '/cut') {
      incoming.socket.destroy()
      return
    }
    if (incoming.url === '/half') {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => incoming.socket.destroy())
      return
    }
    response.statusCode = Number(incoming.url?.slice(1))
    response.end()
  })
  return `http://127.0.0.1:${port}`
}

const aborted = (): AbortSignal => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  return controller.signal
}

describe('fetch', () => {
  test('a refused connection is upstream', async () => {
    const port = await deadPort()
    const error = await thrownBy(() => fetch(`http://127.0.0.1:${port}`))
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, answered(502))).toBe('upstream')
    expect(categoryOf(error, CLIENT_LEFT)).toBe('upstream')
  })

  test('a name that does not resolve is upstream', async () => {
    const error = await thrownBy(() => fetch('http://promherd.invalid'))
    expect(error).toMatchObject({ cause: { syscall: 'getaddrinfo' } })
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })

  test('a connection that the upstream cuts is upstream', async () => {
    const url = await upstream()
    const early = await thrownBy(() => fetch(`${url}/cut`))
    expect(early).toMatchObject({ cause: { code: 'UND_ERR_SOCKET' } })
    expect(categoryOf(early, answered(500))).toBe('upstream')
    expect(categoryOf(early, CLIENT_LEFT)).toBe('upstream')
    const late = await thrownBy(async () => (await fetch(`${url}/half`)).text())
    expect(late).toMatchObject({ message: 'terminated' })
    expect(categoryOf(late, answered(500))).toBe('upstream')
  })

  test('a connection that is reset is upstream, for every outcome of the response', async () => {
    const port = await serveTcp(socket => socket.once('data', () => socket.resetAndDestroy()))
    const error = await thrownBy(() => fetch(`http://127.0.0.1:${port}`))
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNRESET' } })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, CLIENT_LEFT)).toBe('upstream')
  })

  test('a response that is not HTTP is upstream', async () => {
    const port = await serveTcp(socket => socket.once('data', () => socket.end('this is not HTTP\r\n\r\n')))
    const error = await thrownBy(() => fetch(`http://127.0.0.1:${port}`))
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })

  test('AbortSignal.timeout is a timeout', async () => {
    const url = await upstream()
    const error = await thrownBy(() => fetch(`${url}/hang`, { signal: AbortSignal.timeout(20) }))
    expect(error).toMatchObject({ name: 'TimeoutError' })
    expect(categoryOf(error, answered(500))).toBe('timeout')
    expect(categoryOf(error, answered(504))).toBe('timeout')
  })

  test('an abort is client_abort if the response was destroyed, else an exception', async () => {
    const url = await upstream()
    const error = await thrownBy(() => fetch(`${url}/hang`, { signal: aborted() }))
    expect(error).toMatchObject({ name: 'AbortError' })
    expect(categoryOf(error, CLIENT_LEFT)).toBe('client_abort')
    expect(categoryOf(error, answered(500))).toBe('exception')
  })

  test('a wrong call is an exception', async () => {
    expect(categoryOf(await thrownBy(() => fetch('nope://x')), answered(500))).toBe('exception')
    expect(categoryOf(await thrownBy(() => fetch('not a url')), answered(500))).toBe('exception')
  })
})

describe('undici', () => {
  test('its own timeouts are upstream, unless the response is a timeout', async () => {
    const url = await upstream()
    const error = await thrownBy(() => request(`${url}/hang`, { headersTimeout: 50 }))
    expect(error).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, answered(504))).toBe('timeout')
  })

  test('an error status with the interceptor responseError is upstream', async () => {
    const url = await upstream()
    const { interceptors, Agent } = await import('undici')
    const dispatcher = new Agent().compose(interceptors.responseError())
    const error = await thrownBy(() => request(`${url}/503`, { dispatcher }))
    await dispatcher.close()
    expect(error).toMatchObject({ code: 'UND_ERR_RESPONSE' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })

  test('a wrong call, and the use of a closed client, are exceptions', async () => {
    const url = await upstream()
    const invalid = await thrownBy(() => request(url, { method: 5 as unknown as 'GET' }))
    expect(invalid).toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    expect(categoryOf(invalid, answered(500))).toBe('exception')
    const client = new Client(url)
    await client.close()
    const closed = await thrownBy(() => client.request({ path: '/200', method: 'GET' }))
    expect(closed).toMatchObject({ code: 'UND_ERR_DESTROYED' })
    expect(categoryOf(closed, answered(500))).toBe('exception')
  })
})

describe('axios', () => {
  test('a refused or cut connection is upstream, for every outcome of the response', async () => {
    const url = await upstream()
    const port = await deadPort()
    for (const target of [`http://127.0.0.1:${port}`, `${url}/cut`]) {
      const error = await thrownBy(() => axios.get(target, { proxy: false }))
      expect(error).toMatchObject({ isAxiosError: true })
      expect(categoryOf(error, answered(500))).toBe('upstream')
      expect(categoryOf(error, CLIENT_LEFT)).toBe('upstream')
    }
  })

  test('its own timeout is upstream, unless the response is a timeout', async () => {
    const url = await upstream()
    const error = await thrownBy(() => axios.get(`${url}/hang`, { proxy: false, timeout: 50 }))
    expect(error).toMatchObject({ code: 'ECONNABORTED' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, answered(504))).toBe('timeout')
    expect(categoryOf(error, CLIENT_LEFT)).toBe('upstream')
  })

  test.each([400, 404, 429, 500, 503])(
    'a status %i of the upstream with a response of 500 is upstream',
    async status => {
      const url = await upstream()
      const error = await thrownBy(() => axios.get(`${url}/${status}`, { proxy: false }))
      expect(error).toMatchObject({ status })
      expect(categoryOf(error, answered(500))).toBe('upstream')
    },
  )

  test('a status 404 that is passed on is not_found', async () => {
    const url = await upstream()
    const error = await thrownBy(() => axios.get(`${url}/404`, { proxy: false }))
    expect(categoryOf(error, answered(404))).toBe('not_found')
  })

  test('a cancelled call is client_abort, or a timeout for the deadline of its signal', async () => {
    const url = await upstream()
    const cancelled = await thrownBy(() => axios.get(`${url}/hang`, { proxy: false, signal: aborted() }))
    expect(cancelled).toMatchObject({ code: 'ERR_CANCELED' })
    expect(categoryOf(cancelled, CLIENT_LEFT)).toBe('client_abort')
    expect(categoryOf(cancelled, answered(500))).toBe('exception')
    const late = await thrownBy(() => axios.get(`${url}/hang`, { proxy: false, signal: AbortSignal.timeout(20) }))
    expect(late).toMatchObject({ code: 'ERR_CANCELED' })
    expect(categoryOf(late, answered(500))).toBe('timeout')
  })

  test('a wrong call is an exception', async () => {
    const error = await thrownBy(() => axios.get('nope://x', { proxy: false }))
    expect(error).toMatchObject({ isAxiosError: true, code: 'ERR_BAD_REQUEST' })
    expect(categoryOf(error, answered(500))).toBe('exception')
  })
})

describe('Node', () => {
  test('an upstream that closes the connection is upstream, unless the client has aborted', async () => {
    const url = await upstream()
    const error = await thrownBy(async () => {
      const [failure] = await once(get(`${url}/cut`), 'error')
      throw failure
    })
    expect(error).toMatchObject({ code: 'ECONNRESET', message: 'socket hang up' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, CLIENT_LEFT)).toBe('client_abort')
  })

  test('several refused addresses of one name are upstream', async () => {
    const port = await deadPort()
    const error = await thrownBy(async () => {
      const lookup = (_name: string, _options: object, done: (error: null, list: object[]) => void): void =>
        done(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '127.0.0.2', family: 4 },
        ])
      const outgoing = connect({ host: 'several.test', port, lookup: lookup as LookupFunction, autoSelectFamily: true })
      const [failure] = await once(outgoing, 'error')
      throw failure
    })
    expect(error).toBeInstanceOf(AggregateError)
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(new AggregateError((error as AggregateError).errors), answered(500))).toBe('upstream')
  })

  test('an abort with a timeout as its cause is a timeout', async () => {
    const error = await thrownBy(() => after(10_000, undefined, { signal: AbortSignal.timeout(20) }))
    expect(error).toMatchObject({ name: 'AbortError', cause: { name: 'TimeoutError' } })
    expect(categoryOf(error, answered(500))).toBe('timeout')
  })
})
