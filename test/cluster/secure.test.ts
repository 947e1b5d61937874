import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, get as getSecurely } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSkipped, needs } from '../support/skip.ts'
import { type Running, release, type Start, startReady, startShared, until } from './running.ts'

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

function startOf(protocol: Protocol, options: object = {}): Start {
  return { options, env: { ENTRY: './secure.mjs', PROTOCOL: protocol, TLS: certificates } }
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

/** What the clients of one kind have received while it was not over. */
interface Outcome {
  answered: number
  /** Sessions that were opened because the previous one had received GOAWAY. */
  sessions: number
  readonly failures: string[]
}

type Lane = (running: Running, protocol: Protocol, isOver: () => boolean, outcome: Outcome) => Promise<void>

/** Streams one after the other, over one session until that says that there will be no more. */
async function oneAfterTheOther(...[running, protocol, isOver, outcome]: Parameters<Lane>): Promise<void> {
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

/** Twenty streams at once, again and again. Those that are refused are asked for once more. */
async function manyAtOnce(...[running, protocol, isOver, outcome]: Parameters<Lane>): Promise<void> {
  let session = sessionTo(running, protocol)
  const asked = async (n: number): Promise<void> => {
    if (session.closed) session = sessionTo(running, protocol)
    try {
      await ask(session, `/?ms=${(n % 5) * 20}`)
      outcome.answered++
    } catch (error) {
      // The server took it not up, or the client did not send it: to be sent again (RFC 9113, 8.7).
      if (/NGHTTP2_REFUSED_STREAM|GOAWAY/.test(String(error))) await asked(n)
      else outcome.failures.push(String(error))
    }
  }
  while (!isOver()) await Promise.all(Array.from({ length: 20 }, (_, n) => asked(n)))
  session.close()
}

/** Requests of HTTP/1 over TLS, on a connection that is kept. */
async function overTls(...[running, , isOver, outcome]: Parameters<Lane>): Promise<void> {
  const agent = agentOfTest()
  for (let n = 0; !isOver(); n++) {
    await askSecurely(running, `/?ms=${(n % 5) * 20}`, agent).then(
      text => (text.endsWith('done') ? outcome.answered++ : outcome.failures.push(text)),
      (error: Error) => outcome.failures.push(error.message),
    )
  }
}

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

function countedIn(text: string): number {
  const counted = [...text.matchAll(/^http_requests_total\{.*status_code="200"\} (\d+)$/gm)]
  return counted.reduce((sum, [, count]) => sum + Number(count), 0)
}

const STREAMS: readonly (readonly [lane: Lane, lanes: number])[] = [
  [oneAfterTheOther, 4],
  [manyAtOnce, 2],
]

// Workers do not depend on each other: two of them with the protocol that has all kinds of clients.
describe.each([
  ['h2c', 1, STREAMS],
  ['h2', 2, [...STREAMS, [overTls, 4]]],
  ['https', 1, [[overTls, 4]]],
] as const)('a cluster that serves %s in %i workers', (protocol, workers, kinds) => {
  const shared = startShared(() => startOf(protocol, { workers }))

  test('is reloaded under load: no request that has begun fails, and each session receives GOAWAY', async () => {
    const running = await shared()
    let isOver = false
    const outcomes: Outcome[] = kinds.map(() => ({ answered: 0, sessions: 0, failures: [] }))
    const lanes = kinds.flatMap(([lane, count], kind) =>
      Array.from({ length: count }, () => lane(running, protocol, () => isOver, outcomes[kind]!)),
    )
    const haveAnswers = (more: number) => {
      const before = outcomes.map(({ answered }) => answered)
      return until('answers', () => outcomes.every(({ answered }, kind) => answered > before[kind]! + more))
    }
    await haveAnswers(40)
    expect(await running.call('reload')).toBe(true)
    await haveAnswers(40)
    isOver = true
    await Promise.all(lanes)
    expect(outcomes.map(({ failures }) => failures)).toEqual(kinds.map(() => []))
    if (protocol !== 'https') expect(outcomes[0]!.sessions).toBeGreaterThanOrEqual(4)
    const samples = await running.sees('http_requests_in_flight', 0)
    expect(samples.restarts).toEqual({ reload: workers })
    expect(countedIn(samples.text)).toBe(outcomes.reduce((sum, { answered }) => sum + answered, 0))
    expect(running.stderr).toBe('')
  })

  test('is ended: open requests are answered, each session receives GOAWAY, and idle connections do not delay the end', async () => {
    const running = await shared()
    // A reload that came before has ended.
    await running.sees('promherd_stores{state="live"}', workers + 1)
    const pids = await Promise.all([1, 2].slice(0, workers).map(async worker => (await running.pidOf(worker))!))
    const slow: Promise<string>[] = []
    const goaways: Promise<unknown>[] = []
    if (protocol !== 'https') {
      const [busy, idle] = [sessionTo(running, protocol), sessionTo(running, protocol)]
      await ask(idle, '/')
      slow.push(ask(busy, '/held'))
      goaways.push(
        new Promise(resolve => idle.once('close', resolve)),
        new Promise(resolve => busy.once('goaway', resolve)),
      )
    }
    if (protocol !== 'h2c') {
      await openIdle(running)
      slow.push(askSecurely(running, '/held', agentOfTest()))
    }
    await running.sees('http_requests_in_flight', slow.length)
    running.signal('SIGTERM')
    await Promise.all(goaways)
    await until('a drain', async () => (await running.scrape()).value('promherd_workers{state="draining"}')! > 0)
    release(...pids)
    for (const text of slow) expect(await text).toMatch(/done$/)
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  })
})

/** Connections that were never used, one of them with TLS, and one that waits for its next request. */
async function openIdle(running: Running): Promise<void> {
  const port = Number(new URL(running.appUrl()).port)
  const silent = connectTcp(port, '127.0.0.1')
  const shaken = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  for (const socket of [silent, shaken]) {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
  }
  await new Promise(resolve => shaken.once('secureConnect', resolve))
  await askSecurely(running, '/', agentOfTest())
}

test('h2 streams that do not end are open until the deadline, and their session is counted as a cut connection', async () => {
  const running = await startReady(startOf('h2', { workers: 1, drainTimeoutMs: 1000 }))
  const session = sessionTo(running, 'h2')
  const asked = performance.now()
  const streams = Promise.allSettled([1, 2, 3].map(() => ask(session, '/?ms=600000')))
  await running.sees('http_requests_in_flight', 3)
  expect(await running.call('reload')).toBe(true)
  expect((await streams).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(performance.now() - asked).toBeGreaterThan(1000)
  const samples = await running.sees('promherd_worker_lost_requests_total{worker="1"}', 3)
  expect(samples.value('promherd_worker_cut_connections_total{worker="1",reason="deadline"}')).toBe(1)
  expect(samples.value('promherd_worker_cut_connections_total{worker="1",reason="drain"}')).toBe(0)
  expect(running.stderr).toMatch(
    /^promherd: worker 1 did not exit within 1000 ms and was killed\. Connections in use that this closed: 1\.\n$/,
  )
})
