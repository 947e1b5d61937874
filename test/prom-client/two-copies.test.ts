import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'
import { afterAll, expect, test } from 'vitest'
import { keyOf, samplesIn } from './samples.ts'

const installed = realpathSync(dirname(createRequire(import.meta.url).resolve('prom-client')))
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'promherd-copies-')))
// Under another name, as an alias installs it.
const second = join(directory, 'node_modules', 'metrics-client')
cpSync(installed, second, { recursive: true })
symlinkSync(dirname(installed), join(directory, 'node_modules', 'metrics-client', 'node_modules'))
const other = createRequire(import.meta.url)(second) as typeof client

afterAll(() => rmSync(directory, { recursive: true }))

test('two loaded copies of prom-client are both copied, and reported once with their paths', async () => {
  new client.Counter({ name: 'one_total', help: 'One.' }).inc(1)
  new other.Counter({ name: 'two_total', help: 'Two.' }).inc(2)
  new client.Counter({ name: 'both_total', help: 'Both.' }).inc(10)
  new other.Counter({ name: 'both_total', help: 'Both.' }).inc(20)
  new client.Gauge({ name: 'process_thing', help: 'Of the process.' }).set(3)
  new other.Gauge({ name: 'process_thing', help: 'Of the process.' }).set(3)
  new client.Gauge({ name: 'disputed', help: 'Without labels.' }).set(4)
  new other.Gauge({ name: 'disputed', help: 'With labels.', labelNames: ['of'] }).set({ of: 'x' }, 5)
  const warnings: string[] = []
  const monitor = createMonitor({ onWarning: message => warnings.push(message) })
  await monitor.collect()
  const samples = samplesIn(await monitor.metrics())
  expect(samples.get(keyOf('one_total', {}))).toBe(1)
  expect(samples.get(keyOf('two_total', {}))).toBe(2)
  expect(samples.get(keyOf('both_total', {}))).toBe(30)
  expect(samples.get(keyOf('process_thing', {}))).toBe(3)
  expect(samples.get(keyOf('disputed', {}))).toBe(4)
  expect(samples.has(keyOf('disputed', { of: 'x' }))).toBe(false)
  // Once for the two copies, once for the name that they declare differently.
  expect(samples.get(keyOf('promherd_internal_errors_total', { cause: 'prom_client' }))).toBe(2)
  expect(warnings[0]).toContain(`\`${installed}\` and \`${second}\``)
  await monitor.close()
})
