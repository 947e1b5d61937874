import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { needs } from '../support/skip.ts'
import { laterNode } from './later-node.ts'

/**
 * If a new version of a client is not recognised, its metrics are still copied, but an exit can lose counts. No other
 * sign shows that, so these tests must fail: docs/decisions/27-recognised-getters.md.
 */

const FIXTURE = fileURLToPath(new URL('./recognised-getters.mjs', import.meta.url))
const { dependencies, devDependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>

interface Report {
  readonly version: string
  readonly classes: Readonly<Record<string, object>>
}

async function reportOf(node: string, name: string): Promise<Report> {
  const { code, output } = await runProcess(node, [FIXTURE, name], { env: { NODE_OPTIONS: undefined } })
  expect(code, output).toBe(0)
  return JSON.parse(output) as Report
}

/** What every version must report: the getters are recognised, and the fields have the client's own numbers. */
function expected(...numbers: readonly (readonly number[])[]): object {
  return { isRecognised: true, fields: numbers, own: numbers }
}

const CLASSES = {
  Counter: expected([1], [2]),
  Gauge: expected([0], [-1]),
  Histogram: expected([55.5, 3], [58.5, 3]),
  Summary: expected([3, 2], [5, 2]),
}

test('the getters of the newest `prom-client` are recognised', async () => {
  const report = await reportOf(process.execPath, 'prom-client')
  expect(report).toEqual({ version: dependencies?.['prom-client'], classes: CLASSES })
})

test('the getters of the newest `@prometheus-io/client` are recognised', async context => {
  needs(context, 'node-22')
  const report = await reportOf(laterNode(), '@prometheus-io/client')
  expect(report).toEqual({ version: devDependencies?.['@prometheus-io/client'], classes: CLASSES })
})
