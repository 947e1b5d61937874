import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import type { Project } from './project.ts'

/** Applications are tested by their own users with other runners, which load modules in their own ways. */
export function runnerTests(project: () => Project): void {
  describe('an application that is tested', { timeout: 120_000 }, () => {
    test('by Jest, in CommonJS: once, after `resetModules`, with fake timers, and none of ours is heard of', async () => {
      project().write('jest/package.json', '{ "name": "application" }')
      project().write('jest/request.cjs', REQUEST)
      project().write('jest/reset.test.js', RESET)
      project().write('jest/fake-timers.test.js', FAKE_TIMERS)
      const jest = join(ROOT, 'test/node_modules/jest/bin/jest.js')
      const { code, output } = await runProcess(process.execPath, [jest, '-i', '--rootDir', '.', '--watchman=false'], {
        cwd: join(project().folder, 'jest'),
      })
      expect(output).toContain('Tests:       4 passed, 4 total')
      expect(output).not.toMatch(/promherd|JEST-01|did not exit/)
      expect(code).toBe(0)
    })

    test('by node:test', async () => {
      project().write('node-test/request.cjs', REQUEST)
      const file = project().write('node-test/once.test.cjs', NODE_TEST)
      const { code, output } = await runProcess(process.execPath, ['--test', file], { cwd: project().folder })
      expect(output).toMatch(/^# pass 1$|^ℹ pass 1$/m)
      expect(output).not.toContain('promherd')
      expect(code).toBe(0)
    })
  })
}

/** One request of a new server and three jobs of prom-client, by modules that are loaded when it is called. */
const REQUEST = `
exports.request = async require => {
  const { createServer } = require('node:http')
  const express = require('express')
  const client = require('prom-client')
  const { prometheus } = require('@promherd/express')
  const { defaultMonitor } = require('@promherd/core')
  new client.Counter({ name: 'jobs_total', help: 'Jobs.' }).inc(3)
  const app = express().use(prometheus())
  app.get('/:name', (request, response) => response.send('hello'))
  const server = createServer(app)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const headers = { connection: 'close' }
  await (await fetch('http://127.0.0.1:' + server.address().port + '/a', { headers })).text()
  await new Promise(resolve => server.close(resolve))
  const text = await defaultMonitor().metrics()
  const requests = /^http_requests_total{.*route="\\/:name".*} (.+)$/m.exec(text)?.[1]
  return [requests, /^jobs_total (.+)$/m.exec(text)?.[1]]
}
`
// Nothing that was counted is lost where modules are loaded again, as often as they are.
const RESET = `
const { request } = require('./request.cjs')
test('once', async () => expect(await request(require)).toEqual(['1', '3']))
test.each([2, 3])('modules loaded again: %d', async times => {
  jest.resetModules()
  expect(await request(require)).toEqual([String(times), String(3 * times)])
})
`
const FAKE_TIMERS = `
test('fake timers are those of the application alone', async () => {
  jest.useFakeTimers()
  const { Counter } = require('prom-client')
  const { defaultMonitor } = require('@promherd/core')
  new Counter({ name: 'jobs_total', help: 'Jobs.' }).inc(3)
  expect(await defaultMonitor().metrics()).toMatch(/^jobs_total 3$/m)
  expect(jest.getTimerCount()).toBe(0)
})
`
const NODE_TEST = `
const { test } = require('node:test')
const { deepEqual } = require('node:assert/strict')
const { request } = require('./request.cjs')
test('once', async () => deepEqual(await request(require), ['1', '3']))
`
