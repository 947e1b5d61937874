import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { COMMAND, directoryWith, startNode } from './running.ts'

const NOT_INSTALLED = pathToFileURL(join(ROOT, 'test/cli/fixtures/not-installed.mjs')).href

test.each<[what: string, name: string, args: string[], env?: Record<string, string>]>([
  ['start --redis', '@promherd/redis', ['start', 'app.cjs', '--redis', 'redis://127.0.0.1:1']],
  ['exporter --redis', '@promherd/redis', ['exporter', '--redis', 'redis://127.0.0.1:1', '--port', '0']],
  ['REDIS_ENABLED', '@promherd/redis', ['start', 'app.cjs'], { REDIS_ENABLED: 'true' }],
  ['start --otlp', '@promherd/otlp', ['start', 'app.cjs', '--otlp']],
])('%s without its package fails with the command that installs it, and starts nothing', async (_, name, args, env) => {
  const cwd = directoryWith({ 'app.cjs': 'console.log("started")' })
  const command = startNode(['--import', NOT_INSTALLED, COMMAND, ...args], {
    cwd,
    env: { NOT_INSTALLED: name, ...env },
  })
  const { code, stdout, stderr } = await command.ended
  const purpose = name === '@promherd/otlp' ? '--otlp' : 'Redis'
  expect(stderr).toContain(
    `Expected ${name} to be installed for ${purpose}, but it is not. Run \`npm install ${name}\`.`,
  )
  expect([code, stdout]).toEqual([1, ''])
})

test('start without Redis and OTLP needs neither of the packages', async () => {
  const cwd = directoryWith({ 'app.cjs': 'console.log("started")' })
  const env = { NOT_INSTALLED: '@promherd/redis @promherd/otlp ioredis protobufjs' }
  const command = startNode(['--import', NOT_INSTALLED, COMMAND, 'start', 'app.cjs', '--port', '0'], { cwd, env })
  const { code, stdout } = await command.ended
  expect(code).toBe(0)
  expect(stdout).toContain('started')
})
