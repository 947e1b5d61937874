import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { until } from '../support/until.ts'
import { directoryWith } from './running.ts'

/** The command as npm runs it: in a shell that SIGTERM ends, and the command with it is not. */

const APP = `
  const server = require('node:http').createServer((_, response) => response.end('ok'))
  server.listen(0, '127.0.0.1', () => console.log('worker', process.pid))`

function installed(): string {
  const scripts = { start: 'promherd start app.cjs --port 0 --workers 2' }
  const directory = directoryWith({ 'app.cjs': APP, 'package.json': JSON.stringify({ name: 'app', scripts }) })
  mkdirSync(join(directory, 'node_modules/.bin'), { recursive: true })
  symlinkSync(join(ROOT, 'packages/cli'), join(directory, 'node_modules/promherd'))
  symlinkSync('../promherd/bin/promherd.js', join(directory, 'node_modules/.bin/promherd'))
  symlinkSync(join(ROOT, 'node_modules/pnpm/bin/pnpm.cjs'), join(directory, 'node_modules/.bin/pnpm'))
  return directory
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.each([
  ['npx', ['--no-install', 'promherd', 'start', 'app.cjs', '--port', '0', '--workers', '2']],
  ['npm', ['start']],
  ['npx pnpm exec', ['--no-install', 'pnpm', 'exec', 'promherd', 'start', 'app.cjs', '--port', '0', '--workers', '2']],
])(
  'SIGTERM to %s also ends the herd',
  async (command, args) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
    const child = spawn(command.split(' ')[0]!, args, { cwd: installed(), env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    }
    const ended = once(child, 'exit')
    const workers = (): number[] => [...output.matchAll(/^worker (\d+)$/gm)].map(([, pid]) => Number(pid))
    onTestFinished(() => {
      child.kill('SIGKILL')
      for (const pid of workers()) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    })
    await until(() => output.includes('2 workers of app.cjs listen'), {
      what: `both; got ${output}`,
      deadlineMs: 80_000,
    })
    child.kill('SIGTERM')
    await ended
    await until(() => !workers().some(isAlive), { what: 'the workers to end' })
    expect(workers()).toHaveLength(2)
  },
  120_000,
)
