import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { categoryOf } from '../../packages/core/src/http/category/category.ts'
import { needs } from '../support/skip.ts'
import { answered, CLIENT_LEFT, deadPort, serveTcp, thrownBy } from './support.ts'

describe('pg', () => {
  const connecting = async (port: number, more: pg.ClientConfig = {}): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'u', database: 'd', ssl: false, ...more })
    client.on('error', () => {})
    onTestFinished(() => void client.end().catch(() => {}))
    await client.connect()
    return client
  }

  test('a refused connection is upstream', async () => {
    const port = await deadPort()
    const error = await thrownBy(() => connecting(port))
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })

  test.each([
    ['53300', 'FATAL', 'too many connections', 'upstream'],
    ['57P03', 'FATAL', 'the database system is starting up', 'upstream'],
    ['28P01', 'FATAL', 'password authentication failed', 'upstream'],
    ['3D000', 'FATAL', 'database does not exist', 'upstream'],
  ])('%s %s (%s) while connecting is %s', async (code, severity, message, category) => {
    const port = await serveTcp(socket => socket.once('data', () => socket.end(errorResponse(severity, code, message))))
    const error = await thrownBy(() => connecting(port))
    expect(error).toMatchObject({ code, severity })
    expect(categoryOf(error, answered(500))).toBe(category)
    expect(categoryOf(error, CLIENT_LEFT)).toBe(category)
  })

  test.each([
    ['57P01', 'FATAL', 'terminating connection due to administrator command', 'upstream'],
    ['53100', 'ERROR', 'disk full', 'upstream'],
    ['57014', 'ERROR', 'canceling statement due to statement timeout', 'upstream'],
    ['XX000', 'ERROR', 'internal error', 'upstream'],
    ['42601', 'ERROR', 'syntax error', 'exception'],
    ['23505', 'ERROR', 'duplicate key value', 'exception'],
    ['40001', 'ERROR', 'could not serialize access', 'exception'],
  ])('%s %s (%s) in answer to a query is %s', async (code, severity, message, category) => {
    const port = await serveTcp(socket => backend(socket, () => socket.write(errorResponse(severity, code, message))))
    const client = await connecting(port)
    const error = await thrownBy(() => client.query('select 1'))
    expect(error).toMatchObject({ code, severity })
    expect(categoryOf(error, answered(500))).toBe(category)
  })

  test('a cancelled statement is a timeout if the response is a timeout', async () => {
    const late = errorResponse('ERROR', '57014', 'canceling statement due to statement timeout')
    const port = await serveTcp(socket => backend(socket, () => socket.write(late)))
    const client = await connecting(port)
    expect(categoryOf(await thrownBy(() => client.query('select 1')), answered(504))).toBe('timeout')
  })

  test('a connection that ends during a query is upstream', async () => {
    const port = await serveTcp(socket => backend(socket, () => socket.end()))
    const client = await connecting(port)
    const error = await thrownBy(() => client.query('select 1'))
    expect(error).toMatchObject({ message: 'Connection terminated unexpectedly' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })

  test('a server that does not respond in time is upstream, unless the response is a timeout', async () => {
    const port = await serveTcp(() => {})
    const slow = await thrownBy(() => connecting(port, { connectionTimeoutMillis: 30 }))
    expect(slow).toMatchObject({ message: 'timeout expired' })
    expect(categoryOf(slow, answered(500))).toBe('upstream')
    expect(categoryOf(slow, answered(504))).toBe('timeout')
    const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'u', connectionTimeoutMillis: 30 })
    const late = await thrownBy(() => pool.query('select 1'))
    await pool.end()
    expect(categoryOf(late, answered(500))).toBe('upstream')
    const mute = await serveTcp(socket => backend(socket, () => {}))
    const client = await connecting(mute, { query_timeout: 30 })
    const unanswered = await thrownBy(() => client.query('select 1'))
    expect(categoryOf(unanswered, answered(500))).toBe('upstream')
  })
})

/** As much of PostgreSQL as takes a connection and hears a query: see "Message Formats" in its manual. */
function backend(socket: Socket, onQuery: () => void): void {
  socket.once('data', () => {
    const authenticated = message('R', Buffer.from([0, 0, 0, 0]))
    const ready = message('Z', Buffer.from('I'))
    socket.write(Buffer.concat([authenticated, ready]))
    socket.once('data', onQuery)
  })
}

function errorResponse(severity: string, code: string, text: string): Buffer {
  return message('E', Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0\0`))
}

function message(type: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(payload.length + 4, 1)
  return Buffer.concat([head, payload])
}

describe('ioredis', () => {
  type Patience = Pick<RedisOptions, 'commandTimeout' | 'maxRetriesPerRequest' | 'retryStrategy'>
  const client = (port: number, patience: Patience = {}): Redis => {
    const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => 5, ...patience })
    redis.on('error', () => {})
    onTestFinished(() => redis.disconnect())
    return redis
  }

  test('a missing server is upstream', async () => {
    const port = await deadPort()
    const tired = await thrownBy(() => client(port, { maxRetriesPerRequest: 1 }).get('x'))
    expect(tired).toMatchObject({ name: 'MaxRetriesPerRequestError' })
    expect(categoryOf(tired, answered(500))).toBe('upstream')
    const closed = await thrownBy(() => client(port, { retryStrategy: () => null }).get('x'))
    expect(closed).toMatchObject({ message: 'Connection is closed.' })
    expect(categoryOf(closed, answered(500))).toBe('upstream')
    const redis = client(port)
    const failed = once(redis, 'error')
    redis.connect().catch(() => {})
    const [refused] = await failed
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
    expect(categoryOf(refused, answered(500))).toBe('upstream')
  })

  test('a server that does not respond in time is upstream, unless the response is a timeout', async () => {
    const port = await serveTcp(() => {})
    const error = await thrownBy(() => client(port, { commandTimeout: 30 }).get('x'))
    expect(error).toMatchObject({ message: 'Command timed out' })
    expect(categoryOf(error, answered(500))).toBe('upstream')
    expect(categoryOf(error, answered(504))).toBe('timeout')
  })

  test('a rejection by a real server is upstream, a wrong command is an exception', async context => {
    needs(context, 'redis-server')
    const port = await redisServer()
    const redis = client(port)
    await redis.set('text', 'x')
    const wrong = await thrownBy(() => redis.lpush('text', 'y'))
    expect(wrong).toMatchObject({ name: 'ReplyError', message: expect.stringMatching(/^WRONGTYPE /) })
    expect(categoryOf(wrong, answered(500))).toBe('exception')
    const unknown = await thrownBy(() => redis.call('nonsense'))
    expect(categoryOf(unknown, answered(500))).toBe('exception')

    await redis.config('SET', 'maxmemory', '1')
    const full = await thrownBy(() => redis.set('more', 'x'))
    expect(full).toMatchObject({ message: expect.stringMatching(/^OOM /) })
    expect(categoryOf(full, answered(500))).toBe('upstream')
    await redis.config('SET', 'maxmemory', '0')

    await redis.config('SET', 'requirepass', 'secret')
    const stranger = await thrownBy(() => client(port).get('text'))
    expect(stranger).toMatchObject({ message: expect.stringMatching(/^NOAUTH /) })
    expect(categoryOf(stranger, answered(500))).toBe('upstream')
    await redis.config('SET', 'requirepass', '')

    const batch = await redis.pipeline().lpush('text', 'y').exec()
    expect(categoryOf(batch?.[0]?.[0], answered(500))).toBe('exception')
  })
})

/** A real redis-server that lives as long as the test. */
async function redisServer(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'promherd-redis-'))
  const port = await deadPort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  const gone = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
    await rm(directory, { recursive: true, force: true })
  })
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    const probe = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null })
    probe.on('error', () => {})
    const answer = await probe.ping().catch(() => undefined)
    probe.disconnect()
    if (answer === 'PONG') return port
    await after(20)
  }
  throw new Error('redis-server did not answer within ten seconds')
}
