import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { needs } from '../support/skip.ts'
import { readDocs } from './blocks.ts'

beforeEach(context => needs(context, 'promtool'))

const blocks = readDocs().flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language, text }) => language === 'yaml' && /^scrape_configs:/m.test(text))
    .map(block => ({ ...block, path, isAgent: /^remote_write:/m.test(block.text) })),
)

test('a document has a configuration of a Prometheus agent', () => {
  expect(blocks.filter(({ isAgent }) => isAgent).map(({ path }) => path)).toEqual(['docs/scale.md'])
})

test.each(blocks)('promtool accepts the configuration of $path, line $line', async ({ text, isAgent }) => {
  expect(await checked(text, isAgent)).toMatchObject({ code: 0 })
})

test('the check refuses what an agent does not know', async () => {
  const { code, output } = await checked('rule_files: [rules.yml]\n', true)
  expect(code).not.toBe(0)
  expect(output).toContain('rule_files')
})

async function checked(text: string, isAgent: boolean): ReturnType<typeof runProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, text)
  return runProcess('promtool', ['check', 'config', ...(isAgent ? ['--agent'] : []), file])
}
