import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { needs } from '../support/skip.ts'
import { laterNode } from './later-node.ts'
import { keyOf, samplesIn } from './samples.ts'

/** What the fixture reports. */
interface Report {
  readonly node: string
  readonly own: string
  readonly served: string
  readonly computed: number
  readonly promises: number
  readonly changed: string
  readonly afterReset: string
  readonly afterReplaced: string
  readonly exposed: string
  readonly ofBoth: string
  readonly warnings: readonly string[]
}

test('`@prometheus-io/client` is copied, reset, replaced, exposed, and distinguished from prom-client', async context => {
  needs(context, 'node-22')
  const fixture = fileURLToPath(new URL('./successor.mjs', import.meta.url))
  const { code, output } = await runProcess(laterNode(), [fixture], { env: { NODE_OPTIONS: undefined } })
  expect(code, output).toBe(0)
  const report = JSON.parse(output) as Report
  expect(Number(report.node.split('.')[0])).toBeGreaterThanOrEqual(22)

  const own = samplesIn(report.own)
  expect(own.size).toBe(3 + 3 + 1 + 3 * 5 + 3 * 3)
  const served = [...samplesIn(report.served)].filter(([key]) => !/^\["(promherd|http)_/.test(key))
  const withoutWorker = served.map(([key, value]) => [key.replace(',["worker","1"]', ''), value] as const)
  expect(new Map(withoutWorker)).toEqual(own)

  expect(report.computed).toBe(2)
  expect(report.promises).toBeLessThan(100)
  const changed = [...samplesIn(report.changed)].filter(([key]) => key.includes('"quantile"'))
  expect(changed.map(([, value]) => value)).toEqual([0, 3, 0])

  const x = { app: 'shop', of: 'x' }
  const afterReset = samplesIn(report.afterReset)
  expect(afterReset.get(keyOf('c_total', x))).toBe(11)
  expect(afterReset.get(keyOf('c_total', { ...x, of: 'a|b' }))).toBe(2)
  expect(afterReset.get(keyOf('h_count', x))).toBe(3)
  expect(afterReset.get(keyOf('g', x))).toBe(3)
  expect(afterReset.has(keyOf('g', { ...x, of: 'a|b' }))).toBe(false)

  const afterReplaced = samplesIn(report.afterReplaced)
  expect(afterReplaced.get(keyOf('c_total', x))).toBe(111)
  expect(afterReplaced.has(keyOf('g', x))).toBe(false)
  expect(samplesIn(report.exposed).get(keyOf('c_total', x))).toBe(111)

  expect(samplesIn(report.ofBoth).get(keyOf('other_total', {}))).toBe(4)
  expect(report.warnings).toHaveLength(1)
  expect(report.warnings[0]).toMatch(/Expected one copy of prom-client, but `.*client` and `.*prom-client` are loaded/)
})
