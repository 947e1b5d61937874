import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judge } from '../../examples/braid/verdict.js'
import { ROOT } from '../support/process.ts'
import { needs } from '../support/skip.ts'

/** The program `npm run braid`: one minute of it, and that its verdict can be a bad one. */

const BRAID = join(ROOT, 'examples/braid/index.js')
const EVENTS = ['kill', 'terminate', 'stop', 'reload', 'scaleUp', 'scaleDown']

test('in a minute of kills, stops, reloads and scalings each received response is counted and no counter falls', {
  timeout: 150_000,
}, async context => {
  needs(context, 'prometheus')
  // With pauses some hundred responses come in each second, and workers that start need not wait for a processor.
  const { code, stdout } = await braid('--minutes', '1', '--workers', '3', '--seed', '20261129', '--pause', '60')
  expect(stdout).toMatch(/^braid: received=\d+ counted=\d+ lost=\d+ missing=0 invented=0 resets=0$/m)
  expect(code).toBe(0)
  for (const event of EVENTS) expect(stdout).toMatch(new RegExp(`^events: .*${event} [1-9]`, 'm'))
  // Ten responses a second: far less than any machine answers.
  expect(Number(/received=(\d+)/.exec(stdout)?.[1])).toBeGreaterThan(600)
})

const LOAD = { received: 10, broken: 1, refused: 0 }
const HERD = { counted: 10, aborted: 0, lost: 0, restarts: 0, internalErrors: 0, counters: [] }
const PROMETHEUS = { fell: [], scrapes: 5, failed: 0 }

test('a received response that is neither counted nor lost is reported as missing', () => {
  const judged = judge({ load: LOAD, herd: { ...HERD, counted: 8, lost: 1 }, prometheus: PROMETHEUS })
  expect(judged).toEqual({ missing: 1, invented: 0, resets: 0 })
})

test('a counted response that neither came whole nor broke off is invented', () => {
  const judged = judge({ load: LOAD, herd: { ...HERD, counted: 13 }, prometheus: PROMETHEUS })
  expect(judged).toEqual({ missing: 0, invented: 2, resets: 0 })
})

test('each fall of a counter is a reset', () => {
  const fell = [
    { name: 'a_total', resets: 2 },
    { name: 'b_total', resets: 1 },
  ]
  expect(judge({ load: LOAD, herd: HERD, prometheus: { ...PROMETHEUS, fell } }).resets).toBe(3)
})

test('an option that the braid does not take ends it with 2 and one line', async () => {
  const { code, stderr } = await braid('--minutes', 'many')
  expect(stderr).toBe('Expected --minutes to be a number from 0.1 to 1440, but got many.\n')
  expect(code).toBe(2)
})

function braid(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [BRAID, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}
