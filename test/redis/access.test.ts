import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { startProcess } from '../support/process.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { exporter, host } from './hosts.ts'
import { freePort, startRedis } from './redis-server.ts'

/** The ways to a Redis: with TLS, with a client of the program's own. */

beforeEach(context => {
  needs(context, 'redis-server')
  needs(context, 'openssl')
})

/** An authority, and what it has signed for a server and a client. */
function makeCertificates(): string {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem')
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1')
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`)
  }
  return folder
}

test('TLS with a certificate of the client works; without it the connection is rejected, and nothing is sent', async () => {
  const folder = makeCertificates()
  const read = (name: string): Buffer => readFileSync(join(folder, name))
  const port = await freePort()
  const files = ['--tls-cert-file', 'server.pem', '--tls-key-file', 'server.key', '--tls-ca-cert-file', 'ca.pem']
  const server = await startProcess(
    'redis-server',
    ['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...files],
    { cwd: folder },
  )
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  const tls = { ca: read('ca.pem'), cert: read('client.pem'), key: read('client.key') }
  const there = await exporter({ redis: { host: '127.0.0.1', port, tls } })
  const one = host('a', { redis: { host: '127.0.0.1', port, tls }, ttlMs: 30_000 })
  one.inc(3)
  await there.untilJobs(3)
  const stranger = host('b', { redis: { host: '127.0.0.1', port, tls: { ca: tls.ca } }, ttlMs: 30_000 })
  const unbelieving = host('c', { redis: `rediss://127.0.0.1:${port}`, ttlMs: 30_000 })
  for (const refused of [stranger, unbelieving]) {
    refused.inc(1)
    await until(() => refused.said.length > 0, { what: 'the host to be refused' })
    expect(refused.said).toEqual([expect.stringContaining('forwarding to redis fails (connection: ')])
  }
  one.inc(1)
  await there.untilJobs(4)
})

test('a client of the program is used and not closed, and its failures stay with the program', async () => {
  const redis = await startRedis()
  const own = new Redis({ port: redis.port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null })
  own.on('error', () => {})
  onTestFinished(async () => {
    own.disconnect()
    await redis.close()
  })
  const one = host('a', { redis: own, ttlMs: 30_000, deadlineMs: 5000 })
  const there = await exporter({ redis: own, timeout: 5 })
  one.inc(3)
  await there.untilJobs(3)
  await redis.process().stop('SIGKILL')
  one.inc(1)
  // What was sent just before waits for its response until the deadline.
  await until(() => one.said.at(-1)?.includes('fails'), { what: 'the host to notice' })
  await redis.restart()
  await there.untilJobs(4)
  await until(() => one.said.at(-1)?.includes('works again'), { what: 'the host to notice that it works again' })
  await one.forwarder.stop()
  await there.close()
  expect(await own.ping()).toBe('PONG')
})
