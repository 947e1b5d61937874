import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, get as getSecurely } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { isSkipped, needs } from '../support/skip.ts'
import { type Running, type Samples, startReady, until } from './running.ts'

/** HTTP/2 and TLS under the cluster: reloads and ends that fail nothing. */

let certificates = ''

beforeEach(context => needs(context, 'openssl'))

beforeAll(() => {
  certificates = mkdtempSync(join(tmpdir(), 'secure-'))
  if (isSkipped('openssl')) return
  const [key, cert] = [join(certificates, 'key.pem'), join(certificates, 'cert.pem')]
  const how = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ]
  execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', cert], { stdio: 'ignore' })
})
afterAll(() => rmSync(certificates, { recursive: true }))

type Protocol = 'h2c' | 'h2' | 'https'

function start(protocol: Protocol, options: object = {}): Promise<Running> {
  return startReady({ options, env: { ENTRY: './secure.mjs', PROTOCOL: protocol, TLS: certificates } })
}

function sessionTo(running: Running, protocol: Protocol): ClientHttp2Session {
  const url = new URL(running.appUrl())
  url.protocol = protocol === 'h2c' ? 'http:' : 'https:'
  const session = connect(url.origin, { rejectUnauthorized: false })
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

/** What one stream answers; rejects where it does not come whole. */
async function ask(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = session.request({ ':path': path }).setEncoding('utf8')
  let text = ''
  for await (const piece of stream) text += piece
  if (!text.endsWith('done')) throw new Error(`the stream broke off after '${text}', code ${stream.rstCode}`)
  return text
}

/** Streams one after the other, over one session until that says that there will be no more, until it is told to stop. */
async function stream(running: Running, protocol: Protocol, isOver: () => boolean, outcome: Outcome): Promise<void> {
  let session = sessionTo(running, protocol)
  let isLast = false
  const begin = () => {
    isLast = false
    session.once('goaway', () => {
      isLast = true
    })
  }
  begin()
  for (let n = 0; !isOver(); n++) {
    if (isLast || session.closed) {
      outcome.sessions++
      session = sessionTo(running, protocol)
      begin()
    }
    await ask(session, `/?ms=${(n % 5) * 20}`).then(
      () => outcome.answered++,
      (error: Error) => outcome.failures.push(error.message),
    )
  }
  session.close()
}

function countedIn(text: string): number {
  const counted = [...text.matchAll(/^http_requests_total\{.*status_code="200"\} (\d+)$/gm)]
  return counted.reduce((sum, [, count]) => sum + Number(count), 0)
}

interface Outcome {
  answered: number
  sessions: number
  readonly failures: string[]
}

test.each(['h2c', 'h2'] as const)(
  'a reload under streams of %s fails none, and each session is told',
  async protocol => {
    const running = await start(protocol)
    const outcome: Outcome = { answered: 0, sessions: 0, failures: [] }
    let isOver = false
    const lanes = Array.from({ length: 8 }, () => stream(running, protocol, () => isOver, outcome))
    await until('some answers', () => outcome.answered > 50)
    expect(await running.call('reload')).toBe(true)
    const answered = outcome.answered
    await until('more answers', () => outcome.answered > answered + 50)
    isOver = true
    await Promise.all(lanes)
    expect(outcome.failures).toEqual([])
    expect(outcome.sessions).toBeGreaterThanOrEqual(8)
    const samples = await running.sees('http_requests_in_flight', 0)
    expect(samples.restarts).toEqual({ reload: 2 })
    expect(countedIn(samples.text)).toBe(outcome.answered)
    expect(running.stderr).toBe('')
  },
  60_000,
)

test.each(['h2c', 'h2'] as const)(
  'a reload under many streams of %s at once breaks none that was begun; those refused are answered when asked again',
  async protocol => {
    const running = await start(protocol)
    let [answered, isOver] = [0, false]
    const broken: string[] = []
    const batches = async () => {
      let session = sessionTo(running, protocol)
      const asked = async (n: number): Promise<void> => {
        if (session.closed) session = sessionTo(running, protocol)
        try {
          await ask(session, `/?ms=${(n % 5) * 20}`)
          answered++
        } catch (error) {
          // The server took it not up, or the client did not send it: to be sent again (RFC 9113, 8.7).
          if (/NGHTTP2_REFUSED_STREAM|GOAWAY/.test(String(error))) await asked(n)
          else broken.push(String(error))
        }
      }
      while (!isOver) await Promise.all(Array.from({ length: 20 }, (_, n) => asked(n)))
      session.close()
    }
    const lanes = [batches(), batches(), batches()]
    await until('some answers', () => answered > 100)
    expect(await running.call('reload')).toBe(true)
    const before = answered
    await until('more answers', () => answered > before + 100)
    isOver = true
    await Promise.all(lanes)
    expect(broken).toEqual([])
    const samples = await running.sees('http_requests_in_flight', 0)
    expect(samples.restarts).toEqual({ reload: 2 })
    expect(countedIn(samples.text)).toBe(answered)
  },
  60_000,
)

test.each(['h2c', 'h2'] as const)(
  'a cluster that ends tells each session of %s, lets open streams end, and no session holds it up',
  async protocol => {
    const running = await start(protocol)
    const [busy, idle] = [sessionTo(running, protocol), sessionTo(running, protocol)]
    await ask(idle, '/')
    const slow = ask(busy, '/?ms=2000')
    await running.sees('http_requests_in_flight', 1)
    const closed = new Promise(resolve => idle.once('close', resolve))
    const told = new Promise(resolve => busy.once('goaway', resolve))
    running.signal('SIGTERM')
    await Promise.all([closed, told])
    expect(busy.destroyed).toBe(false)
    expect(await slow).toMatch(/done$/)
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  },
)

test('streams of h2 that do not end are waited for until the deadline, and their session is a connection cut off', async () => {
  const running = await start('h2', { drainTimeoutMs: 3000 })
  const session = sessionTo(running, 'h2')
  const asked = performance.now()
  const streams = Promise.allSettled([1, 2, 3].map(() => ask(session, '/?ms=600000')))
  await running.sees('http_requests_in_flight', 3)
  expect(await running.call('reload')).toBe(true)
  expect((await streams).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(performance.now() - asked).toBeGreaterThan(3000)
  const sumOf = (samples: Samples, name: string, labels: string) =>
    [1, 2].reduce(
      (sum, worker) => sum + (samples.value(`promherd_worker_${name}{worker="${worker}"${labels}}`) ?? 0),
      0,
    )
  await until('three requests to be lost', async () => sumOf(await running.scrape(), 'lost_requests_total', '') === 3)
  const samples = await running.scrape()
  expect(sumOf(samples, 'cut_connections_total', ',reason="deadline"')).toBe(1)
  expect(sumOf(samples, 'cut_connections_total', ',reason="drain"')).toBe(0)
  expect(running.stderr).toMatch(
    /^promherd: worker [12] had not ended after 3000 ms and was killed\. Connections that were cut off: 1\.\n$/,
  )
}, 60_000)

/** One request over TLS; the connection is the agent's. */
function askSecurely(running: Running, path: string, agent: Agent): Promise<string> {
  const url = running.appUrl(path).replace('http:', 'https:')
  return new Promise((resolve, reject) => {
    getSecurely(url, { agent, rejectUnauthorized: false }, async response => {
      let text = ''
      try {
        for await (const piece of response.setEncoding('utf8')) text += piece
        resolve(text)
      } catch (error) {
        reject(error)
      }
    }).on('error', reject)
  })
}

function agentOfTest(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

test.each(['https', 'h2'] as const)(
  'a reload under HTTP/1 over TLS (%s) fails no request',
  async protocol => {
    const running = await start(protocol)
    let [answered, isOver] = [0, false]
    const failures: string[] = []
    const lane = async (agent: Agent) => {
      for (let n = 0; !isOver; n++) {
        await askSecurely(running, `/?ms=${(n % 5) * 20}`, agent).then(
          text => (text.endsWith('done') ? answered++ : failures.push(text)),
          (error: Error) => failures.push(error.message),
        )
      }
    }
    const lanes = Array.from({ length: 8 }, () => lane(agentOfTest()))
    await until('some answers', () => answered > 50)
    expect(await running.call('reload')).toBe(true)
    isOver = true
    await Promise.all(lanes)
    expect(failures).toEqual([])
    expect((await running.scrape()).restarts).toEqual({ reload: 2 })
    expect(running.stderr).toBe('')
  },
  60_000,
)

test.each(['https', 'h2'] as const)(
  'connections over TLS (%s) that are idle or were never used hold up no end',
  async protocol => {
    const running = await start(protocol)
    const port = Number(new URL(running.appUrl()).port)
    const silent = connectTcp(port, '127.0.0.1')
    const shaken = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    for (const socket of [silent, shaken]) {
      socket.on('error', () => {})
      onTestFinished(() => void socket.destroy())
    }
    await new Promise(resolve => shaken.once('secureConnect', resolve))
    await askSecurely(running, '/', agentOfTest())
    const slow = askSecurely(running, '/?ms=2000', agentOfTest())
    await running.sees('http_requests_in_flight', 1)
    running.signal('SIGTERM')
    expect(await slow).toMatch(/done$/)
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  },
)
