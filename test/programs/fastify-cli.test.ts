import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { requestsOf } from '../auto/preloaded.ts'
import { ROOT } from '../support/process.ts'
import { freePort, temporaryDirectory } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { alone, answerTo, fileOf, herded, listening, type Program, request, run, type Starter } from './program.ts'

/** The command of Fastify 5, and the application that it generates: nothing in it is from here. */

const FILE = fileOf('fastify-cli/cli.js')

/** An application as `fastify generate` makes it, with what `npm install` would have put beside it. */
async function generated(): Promise<string> {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  symlinkSync(join(ROOT, 'test/node_modules'), join(path, 'node_modules'))
  const { code } = await run({ file: FILE, args: ['generate', 'app'], cwd: path }, alone).ended
  expect(code).toBe(0)
  return join(path, 'app')
}

async function talk(port: number): Promise<string[]> {
  const more = { isLast: false }
  const json = { 'Content-Type': 'application/json' }
  return [
    await answerTo(
      port,
      [
        request('GET /', more),
        request('GET /?a=b', more),
        request('HEAD /', more),
        request('GET /example', more),
        request('GET /example/', more),
        request('GET /nowhere'),
      ].join(''),
    ),
    await answerTo(port, request('POST /', { headers: json, body: '{"broken"' })),
    await answerTo(port, request('GET /%zz')),
    await answerTo(port, 'no HTTP at all\r\n\r\n'),
  ]
}

/** The log of pino, without times, process, host and durations. */
function linesOf(stdout: string): object[] {
  const lines = stdout.trim().split('\n')
  return lines.map(line => ({
    ...JSON.parse(line),
    time: 0,
    pid: 0,
    responseTime: 0,
    req: withoutPort(JSON.parse(line)),
  }))
}

function withoutPort({ req }: { req?: object }): object | undefined {
  return req && { ...req, remotePort: 0 }
}

const COUNTED = {
  'GET / 200': 2,
  'HEAD / 200': 1,
  'GET /example 200': 2,
  'GET _unmatched 404': 1,
  // Refused by the parser of bodies, before it is known that there is no such route.
  'POST _middleware 400': 1,
  // A path that cannot be decoded: Fastify answers without any of its hooks.
  'GET _unknown 400': 1,
  '_OTHER _refused 400': 1,
}

async function lifeOf(program: Program, port: number, starter: Starter, look: () => Promise<void> = async () => {}) {
  const running = run(program, starter)
  await listening(port, running)
  const heard = await talk(port)
  await look()
  running.signal('SIGTERM')
  const { stdout, ...ended } = await running.ended
  return { heard, said: linesOf(stdout), ...ended }
}

test('the application of fastify-cli behaves the same under promherd, byte by byte, and is counted by its route templates', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const args = ['start', '-l', 'info', 'app.js', '-p', String(port)]
  const program = { file: FILE, args, cwd: await generated() }
  const before = await lifeOf(program, port, alone)
  const under = await lifeOf(program, port, herded(metricsPort), async () => {
    const samples = await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
    expect(requestsOf(samples)).toEqual(COUNTED)
    expect(sum(samples, 'http_requests_in_flight')).toBe(0)
  })
  expect(before).toMatchObject({ code: 0, signal: null, stderr: '' })
  expect(under).toEqual(before)
})

test.each([
  ['help', ['help'], 0],
  ['a plugin that is not there', ['start', 'no-app.js'], 1],
])('fastify-cli exits under promherd as without it: %s', async (_, args, code) => {
  const program = { file: FILE, args }
  const before = await run(program, alone).ended
  expect(before.code).toBe(code)
  expect(await run(program, herded(0)).ended).toEqual(before)
})
