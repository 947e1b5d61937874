import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryWith } from '../cli/running.ts'
import { ROOT } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { alone, answerTo, herded, listening, type Program, request, run, type Starter } from './program.ts'

/** Kinds of programs, and of ways to start them: what they say and answer is the same under promherd, counted once. */

const NODE_MODULES = join(ROOT, 'test/node_modules')

const SERVER = `createServer((request, response) => {
    console.log('asked for ' + request.url)
    response.end('answered')
  }).listen(Number(process.env.PORT), '127.0.0.1')`

/** A line of what was compiled, said to be line 10 of what was written. */
const MAP = Buffer.from(JSON.stringify({ version: 3, sources: ['written.ts'], names: [], mappings: 'AASA' }))

interface Kind {
  readonly what: string
  /** The first is the program. */
  readonly files: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** What it must have said, for the comparison to mean something. */
  readonly says: readonly string[]
}

const KINDS: readonly Kind[] = [
  {
    what: 'a module that awaits before it listens',
    files: {
      'app.mjs': `import { createServer } from 'node:http'
        const word = await new Promise(resolve => setTimeout(resolve, 50, 'awaited'))
        console.log(word, import.meta.url.endsWith('app.mjs'), process.argv.slice(2))
        ${SERVER}`,
    },
    says: ["awaited true [ 'one', '--two' ]"],
  },
  {
    what: 'TypeScript by tsx',
    files: {
      'app.ts': `import { createServer } from 'node:http'
        import { word } from './word'
        const said: string = word
        console.log(said)
        ${SERVER}`,
      'word.ts': "export const word: string = 'typed' as const",
    },
    env: { NODE_OPTIONS: '--import tsx' },
    says: ['typed'],
  },
  {
    what: 'CommonJS that asks whether it is the program, with source maps, NODE_ENV=test and a preload of its own',
    files: {
      'app.cjs': `console.error(new Error('mapped').stack.split('\\n').filter(line => line.includes('written.ts')).join());
        console.log('main', require.main === module, !module.parent, __filename === process.argv[1])
        console.log(process.env.NODE_ENV, globalThis.own)
        const { createServer } = require('node:http')
        if (require.main === module) ${SERVER}
//# source${''}MappingURL=data:application/json;base64,${MAP.toString('base64')}`,
      'own.cjs': "globalThis.own = 'preloaded'",
    },
    env: { NODE_ENV: 'test', NODE_OPTIONS: '--enable-source-maps --require ./own.cjs' },
    says: ['written.ts:10', 'main true true true', 'test preloaded'],
  },
]

function programOf({ files, env = {} }: Kind, port: number): Program {
  const cwd = directoryWith(files)
  symlinkSync(NODE_MODULES, join(cwd, 'node_modules'))
  const [name] = Object.keys(files)
  return { file: join(cwd, name!), args: ['one', '--two'], cwd, env: { ...env, PORT: String(port) } }
}

async function lifeOf(program: Program, port: number, starter: Starter, look: () => Promise<void> = async () => {}) {
  const running = run(program, starter)
  await listening(port, running)
  const heard = [await answerTo(port, request('GET /a')), await answerTo(port, request('POST /b', { body: 'body' }))]
  await look()
  running.signal('SIGTERM')
  const { stdout, stderr } = await running.ended
  return { heard, stdout, stderr }
}

test.each(KINDS.map(kind => [kind.what, kind] as const))('%s', async (_, kind) => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const program = programOf(kind, port)
  const before = await lifeOf(program, port, alone)
  for (const words of kind.says) expect(before.stdout + before.stderr).toContain(words)
  const under = await lifeOf(program, port, herded(metricsPort), async () => {
    expect(sum(await scrape(`http://127.0.0.1:${metricsPort}/metrics`), 'http_requests_total')).toBe(2)
  })
  expect(under).toEqual(before)
})

test('a worker that forks another server: each is counted once, and the output of both is the same', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const files = {
    'app.cjs': `const { createServer } = require('node:http')
      const { fork } = require('node:child_process')
      if (process.argv[2] === 'child') {
        const server = createServer((_, response) => response.end('by the child')).listen(0, '127.0.0.1', () => {
          console.log('child ' + process.argv.length + ' ' + process.execArgv.length)
          process.send(server.address().port)
        })
        process.on('disconnect', () => process.exit())
      } else {
        const child = fork(__filename, ['child'], { execArgv: [] })
        child.once('message', childPort => {
          createServer((_, response) => {
            fetch('http://127.0.0.1:' + childPort).then(answer => answer.text()).then(text => response.end(text))
          }).listen(Number(process.env.PORT), '127.0.0.1')
        })
      }`,
  }
  const program = programOf({ what: '', files, says: [] }, port)
  const before = await lifeOf(program, port, alone)
  expect(before.heard[0]).toContain('by the child')
  const inherits = { ...program, env: { ...program.env, NODE_OPTIONS: '--import @promherd/core/auto' } }
  for (const [each, requests] of [
    // The child is given no preload, so nothing is known of it; and with one, it is.
    [program, 2],
    [inherits, 4],
  ] as const) {
    const under = await lifeOf(each, port, herded(metricsPort), async () => {
      const samples = await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
      expect(sum(samples, 'http_requests_total')).toBe(requests)
    })
    expect(under).toEqual(before)
  }
})

test('TypeScript without a loader: the output of Node, and a remedy if this version cannot run it', async () => {
  const text = 'const port: number = 0\nconsole.log(port)'
  const cwd = directoryWith({ 'app.ts': text, 'package.json': '{ "type": "module" }' })
  const program = { file: 'app.ts', args: [], cwd }
  const running = run(program, herded(0))
  const [before, under] = [await run(program, alone).ended, await running.ended]
  const { typescript } = process.features as { readonly typescript?: string | false }
  const isRun = Boolean(typescript)
  expect([before.code, under.code]).toEqual(isRun ? [0, 0] : [1, 1])
  expect([before.stdout, under.stdout]).toEqual(isRun ? ['0\n', '0\n'] : ['', ''])
  expect(under.stderr.includes('ERR_UNKNOWN_FILE_EXTENSION')).toBe(!isRun)
  expect(/^promherd: Node v\S+ needs a loader to run TypeScript\. .*'--import tsx'/m.test(running.stderr())).toBe(
    !isRun,
  )
})
