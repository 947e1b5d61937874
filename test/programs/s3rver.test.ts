import { expect, onTestFinished, test } from 'vitest'
import { requestsOf } from '../auto/preloaded.ts'
import { freePort, temporaryDirectory } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { alone, answerTo, fileOf, herded, listening, type Program, request, run, type Starter } from './program.ts'

/** S3rver, which plays Amazon S3 for tests: Koa 2, with a router of its time. */

const FILE = fileOf('s3rver/bin/s3rver.js')

function s3rver(port: number): Program {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  return { file: FILE, args: ['--directory', path, '--address', '127.0.0.1', '--port', String(port)] }
}

async function talk(port: number): Promise<string[]> {
  const more = { isLast: false }
  const signed = { Authorization: 'AWS S3RVER:bad' }
  const heard = [
    await answerTo(port, request('PUT /shelf')),
    await answerTo(port, request('PUT /shelf')),
    await answerTo(port, request('PUT /shelf/a/deep/book.txt', { headers: TEXT, body: 'Es war einmal …' })),
    await answerTo(port, request('PUT /shelf/big.bin', { body: 'x'.repeat(200_000) })),
    await answerTo(
      port,
      [
        request('GET /shelf/a/deep/book.txt', more),
        request('GET /shelf/a/deep/book.txt', { ...more, headers: { Range: 'bytes=3-5' } }),
        request('HEAD /shelf/a/deep/book.txt', more),
        request('GET /shelf/big.bin', more),
        request('GET /shelf/no-book.txt', more),
        request('GET /shelf?prefix=a/', more),
        request('GET /no-shelf', more),
        request('GET /'),
      ].join(''),
    ),
    await answerTo(port, request('GET /shelf', { headers: signed })),
    await answerTo(port, request('PATCH /shelf/big.bin')),
    await answerTo(port, request('DELETE /shelf/big.bin')),
  ]
  return heard.map(withoutChance)
}

const TEXT = { 'Content-Type': 'text/plain' }

/** Times of creation, and the ids of requests. */
function withoutChance(answer: string): string {
  return answer
    .replace(/^Last-Modified: .*\r$/gm, 'Last-Modified: \r')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/<RequestId>.*?</g, '<RequestId><')
}

const COUNTED = {
  'PUT /:bucket 200': 1,
  'PUT /:bucket 409': 1,
  'PUT /:bucket/:key+ 200': 2,
  'GET /:bucket/:key+ 200': 2,
  'GET /:bucket/:key+ 206': 1,
  'GET /:bucket/:key+ 404': 1,
  'HEAD /:bucket/:key+ 200': 1,
  'DELETE /:bucket/:key+ 204': 1,
  'GET /:bucket 200': 1,
  'GET /:bucket 403': 1,
  'GET /:bucket 404': 1,
  'GET / 200': 1,
  // A route for all methods, which the program has for CORS, is all that is there.
  'PATCH /:bucket/:key* 404': 1,
}

async function lifeOf(port: number, starter: Starter, look: () => Promise<void> = async () => {}) {
  const running = run(s3rver(port), starter)
  await listening(port, running)
  const heard = await talk(port)
  await look()
  running.signal('SIGTERM')
  const { code, signal, stdout, stderr } = await running.ended
  // What it says of a listing comes before or after what it says of the next request, as it happens.
  const said = `${stdout}${stderr}`
    .replace(/ \d+(\.\d+)?m?s /g, ' TIME ')
    .split('\n')
    .sort()
  return { ended: { code, signal }, heard, said }
}

test('S3rver behaves the same under promherd, byte by byte, and each request is counted by its route template', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const before = await lifeOf(port, alone)
  const under = await lifeOf(port, herded(metricsPort), async () => {
    const samples = await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
    expect(requestsOf(samples)).toEqual(COUNTED)
    expect(sum(samples, 'http_requests_in_flight')).toBe(0)
  })
  expect({ heard: under.heard, said: under.said }).toEqual({ heard: before.heard, said: before.said })
  // It has no mind to hear of its end: alone the signal kills it, and here it is ended when all is answered.
  expect(before.ended).toEqual({ code: null, signal: 'SIGTERM' })
  expect(under.ended).toEqual({ code: 0, signal: null })
})

test('S3rver with wrong arguments exits under promherd as without it', async () => {
  const program = { file: FILE, args: ['--dir', '/'] }
  const before = await run(program, alone).ended
  expect(before.code).toBe(1)
  expect(await run(program, herded(0)).ended).toEqual(before)
})
