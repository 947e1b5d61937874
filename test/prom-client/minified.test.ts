import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Herd } from '@promherd/core'
import { rolldown } from 'rolldown'
import { expect, onTestFinished, test } from 'vitest'
import { runProcess } from '../support/process.ts'

const PROGRAM = fileURLToPath(new URL('./exiting-program.mjs', import.meta.url))

test('a bundled and minified prom-client is recognised, and read at an exit', async () => {
  // In `test`, because the bundle imports @promherd/core, which is external.
  const directory = mkdtempSync(fileURLToPath(new URL('../minified-', import.meta.url)))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const bundle = await rolldown({ input: PROGRAM, external: ['@promherd/core'], platform: 'node' })
  const file = join(directory, 'bundle.mjs')
  await bundle.write({ file, format: 'esm', minify: true })
  const stores = join(directory, 'stores')
  const env = { NODE_OPTIONS: undefined, NAMED: 'yes', PROMETHEUS_MULTIPROC_DIR: stores }
  const { code, output } = await runProcess(process.execPath, [file, 'exit'], { env })
  expect(code, output).toBe(3)
  const herd = new Herd({ directory: stores })
  const { families } = await herd.snapshot()
  await herd.close()
  const counts = ['c_total', 'h', 's'].map(name => families.find(each => each.name === name)?.values.of(0))
  expect(counts.map(numbers => numbers && [...numbers])).toEqual([[1], [1, 0, 0, 0.5], [3, 1]])
})
