import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import express, { type ErrorRequestHandler, type Express } from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import createError from 'http-errors'
import Koa from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { categoryOf } from '../../packages/core/src/http/category/category.ts'
import { answered, deadPort, serve, thrownBy } from './support.ts'

// Has no types of its own; what is used of it here is as in Express 5.
const express4 = createRequire(import.meta.url)('express4') as typeof express

/** What a framework did with a failure: the status it answered, and the error that it was given. */
interface Failure {
  readonly status: number
  readonly error: unknown
}

const categoryOfFailure = ({ status, error }: Failure): string | undefined => categoryOf(error, answered(status))

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_name, create) => {
  async function post(set: (app: Express) => void, init: RequestInit): Promise<Failure> {
    const app = create()
    // Express's own last word on an error would print it.
    app.set('env', 'test')
    set(app)
    let error: unknown
    const keep: ErrorRequestHandler = (thrown, _request, _response, next) => {
      error = thrown
      next(thrown)
    }
    app.use(keep)
    const port = await serve(app)
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', ...init })
    await answer.arrayBuffer()
    return { status: answer.status, error }
  }
  const json = { 'content-type': 'application/json' }
  const limited = (app: Express): unknown => app.use(create.json({ limit: 10 }), (_q, response) => response.end())

  test('a body that is too large is payload', async () => {
    const failure = await post(limited, { headers: json, body: JSON.stringify({ name: 'far too long' }) })
    expect(failure).toMatchObject({ status: 413, error: { type: 'entity.too.large' } })
    expect(categoryOfFailure(failure)).toBe('payload')
    expect(categoryOf(failure.error, answered(400))).toBe('payload')
  })

  test('a body with an encoding or charset that is not accepted is payload', async () => {
    const odd = await post(limited, { headers: { ...json, 'content-encoding': 'odd' }, body: '{}' })
    expect(odd).toMatchObject({ status: 415, error: { type: 'encoding.unsupported' } })
    expect(categoryOfFailure(odd)).toBe('payload')
    const charset = await post(limited, { headers: { 'content-type': 'application/json; charset=odd' }, body: '{}' })
    expect(charset).toMatchObject({ status: 415, error: { type: 'charset.unsupported' } })
    expect(categoryOfFailure(charset)).toBe('payload')
  })

  test('a body that cannot be parsed or unpacked is a client error', async () => {
    const broken = await post(limited, { headers: json, body: '{' })
    expect(broken).toMatchObject({ status: 400, error: { type: 'entity.parse.failed' } })
    expect(categoryOfFailure(broken)).toBe('client_error')
    const packed = gzipSync('{}').subarray(0, 12)
    const torn = await post(limited, { headers: { ...json, 'content-encoding': 'gzip' }, body: packed })
    expect(torn.status).toBe(400)
    expect(categoryOfFailure(torn)).toBe('client_error')
  })

  test('a body that the client aborts is client_abort', async () => {
    const app = create()
    app.use(create.json())
    const failed = new Promise<unknown>(resolve => {
      const keep: ErrorRequestHandler = (thrown, _request, response, _next) => {
        resolve(thrown)
        response.destroy()
      }
      app.use(keep)
    })
    const port = await serve(app)
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{', () =>
      setTimeout(() => socket.destroy(), 20),
    )
    const error = await failed
    expect(error).toMatchObject({ type: 'request.aborted', code: 'ECONNABORTED' })
    expect(categoryOf(error, { statusCode: 400, responseDestroyed: true, headersSent: false })).toBe('client_abort')
    expect(categoryOf(error, answered(400))).toBe('client_abort')
  })

  test('http-errors have the category of their status', async () => {
    const thrown = async (status: number): Promise<string | undefined> =>
      categoryOfFailure(await post(app => app.use((_q, _s, next) => next(createError(status))), {}))
    expect(await thrown(400)).toBe('client_error')
    expect(await thrown(401)).toBe('auth')
    expect(await thrown(404)).toBe('not_found')
    expect(await thrown(429)).toBe('rate_limited')
    expect(await thrown(500)).toBe('server_error')
    expect(await thrown(503)).toBe('overload')
    expect(await thrown(504)).toBe('timeout')
  })

  test('a plain error is an exception', async () => {
    const failure = await post(app => app.use((_q, _s, next) => next(new TypeError('x'))), {})
    expect(failure.status).toBe(500)
    expect(categoryOfFailure(failure)).toBe('exception')
  })

  test('a path that cannot be decoded is a client error', async () => {
    const app = create()
    app.get('/:name', (_request, response) => response.end())
    let error: unknown
    const keep: ErrorRequestHandler = (thrown, _request, response, _next) => {
      error = thrown
      response.status(thrown.status).end()
    }
    app.use(keep)
    const port = await serve(app)
    const { status } = await fetch(`http://127.0.0.1:${port}/%E0%A4%A`)
    expect(error).toBeInstanceOf(URIError)
    expect(categoryOfFailure({ status, error })).toBe('client_error')
  })
})

describe('Fastify', () => {
  async function inject(set: (app: FastifyInstance) => void, request: object): Promise<Failure> {
    const app = Fastify({ handlerTimeout: 50, bodyLimit: 20 })
    onTestFinished(() => app.close())
    let error: unknown
    app.addHook('onError', async (_request, _reply, thrown) => {
      error = thrown
    })
    set(app)
    const { statusCode } = await app.inject(request)
    return { status: statusCode, error }
  }
  const schema = { body: { type: 'object', required: ['name'] }, querystring: { type: 'object' } }
  const checked = (app: FastifyInstance): unknown => app.post('/', { schema }, async () => 'ok')

  test('a request that a schema rejects is validation', async () => {
    const failure = await inject(checked, { method: 'POST', url: '/', payload: {} })
    expect(failure).toMatchObject({ status: 400, error: { code: 'FST_ERR_VALIDATION', validationContext: 'body' } })
    expect(categoryOfFailure(failure)).toBe('validation')
  })

  test('a body that is too large, or of a type that is not accepted, is payload', async () => {
    const large = await inject(checked, { method: 'POST', url: '/', payload: { name: 'x'.repeat(30) } })
    expect(large).toMatchObject({ status: 413, error: { code: 'FST_ERR_CTP_BODY_TOO_LARGE' } })
    expect(categoryOfFailure(large)).toBe('payload')
    const headers = { 'content-type': 'a/b' }
    const odd = await inject(checked, { method: 'POST', url: '/', payload: '<a/>', headers })
    expect(odd).toMatchObject({ status: 415, error: { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' } })
    expect(categoryOfFailure(odd)).toBe('payload')
    expect(categoryOf(odd.error, answered(400))).toBe('payload')
  })

  test('a body that cannot be parsed is a client error', async () => {
    const headers = { 'content-type': 'application/json' }
    const broken = await inject(checked, { method: 'POST', url: '/', payload: '{', headers })
    expect(broken).toMatchObject({ status: 400, error: { code: 'FST_ERR_CTP_INVALID_JSON_BODY' } })
    expect(categoryOfFailure(broken)).toBe('client_error')
    const empty = await inject(checked, { method: 'POST', url: '/', payload: '', headers })
    expect(empty).toMatchObject({ status: 400, error: { code: 'FST_ERR_CTP_EMPTY_JSON_BODY' } })
    expect(categoryOfFailure(empty)).toBe('client_error')
  })

  test('a handler that exceeds its timeout is a timeout', async () => {
    const failure = await inject(app => app.get('/', () => new Promise(() => {})), { url: '/' })
    expect(failure).toMatchObject({ status: 503, error: { code: 'FST_ERR_HANDLER_TIMEOUT' } })
    expect(categoryOfFailure(failure)).toBe('timeout')
  })

  test('a plain error is an exception, an error with a status has the category of the status', async () => {
    const thrown = async (error: unknown): Promise<string | undefined> =>
      categoryOfFailure(await inject(app => app.get('/', () => Promise.reject(error)), { url: '/' }))
    expect(await thrown(new Error('x'))).toBe('exception')
    expect(await thrown(Object.assign(new Error('x'), { statusCode: 503 }))).toBe('overload')
    expect(await thrown(Object.assign(new Error('x'), { statusCode: 403 }))).toBe('auth')
  })

  test('a missing dependency is upstream', async () => {
    const port = await deadPort()
    const failure = await inject(app => app.get('/', () => fetch(`http://127.0.0.1:${port}`)), { url: '/' })
    expect(failure.status).toBe(500)
    expect(categoryOfFailure(failure)).toBe('upstream')
  })
})

describe('Koa', () => {
  async function fail(error: unknown): Promise<Failure> {
    const app = new Koa()
    app.silent = true
    app.use(() => {
      throw error
    })
    let seen: unknown
    app.on('error', thrown => {
      seen = thrown
    })
    const port = await serve(app.callback())
    const { status } = await fetch(`http://127.0.0.1:${port}/`)
    return { status, error: seen }
  }

  test('a plain error is an exception, although Koa sets a status on it', async () => {
    const failure = await fail(new Error('x'))
    expect(failure).toMatchObject({ status: 500, error: { status: 500 } })
    expect(categoryOfFailure(failure)).toBe('exception')
  })

  test('a missing file is an exception', async () => {
    const error = await thrownBy(() => readFile('/promherd/is/not/here'))
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open' })
    expect(categoryOfFailure(await fail(error))).toBe('exception')
  })

  test('a thrown value that is not an error is an exception', async () => {
    expect(categoryOfFailure(await fail('text'))).toBe('exception')
  })

  test('an error with a status has the category of the status', async () => {
    expect(categoryOfFailure(await fail(createError(500)))).toBe('server_error')
    expect(categoryOfFailure(await fail(createError(409)))).toBe('client_error')
  })
})

describe('Hono', () => {
  async function fail(error: Error): Promise<Failure> {
    const app = new Hono()
    let seen: unknown
    app.use(async (context, next) => {
      await next()
      seen = context.error
    })
    app.onError((thrown, context) =>
      thrown instanceof HTTPException ? thrown.getResponse() : context.text('failed', 500),
    )
    app.get('/', () => {
      throw error
    })
    const { status } = await app.request('/')
    return { status, error: seen }
  }

  test('an HTTPException has the category of its status', async () => {
    expect(categoryOfFailure(await fail(new HTTPException(401)))).toBe('auth')
    expect(categoryOfFailure(await fail(new HTTPException(500)))).toBe('server_error')
    expect(categoryOfFailure(await fail(new HTTPException(503)))).toBe('overload')
  })

  test('the cause of an HTTPException of 5xx determines the category', async () => {
    const port = await deadPort()
    const cause = await thrownBy(() => fetch(`http://127.0.0.1:${port}`))
    expect(categoryOfFailure(await fail(new HTTPException(503, { cause })))).toBe('upstream')
  })

  test('a plain error is an exception', async () => {
    expect(categoryOfFailure(await fail(new Error('x')))).toBe('exception')
  })
})
