import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import { readDocs } from './blocks.ts'
import { layOut } from './run-block.ts'

/** What an editor says of a block that a reader has pasted into a strict project, in JavaScript as in TypeScript. */
test('every block of code compiles under strict', async () => {
  const folder = join(ROOT, 'test', 'docs', `types-${process.pid}.tmp`)
  try {
    expect(layOutAll(folder)).toBeGreaterThan(30)
    const compilerOptions = {
      noEmit: true,
      strict: true,
      allowJs: true,
      checkJs: true,
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*'] }))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { output } = await runProcess(process.execPath, [tsc, '-p', folder])
    expect(output.trim()).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a block of code is marked as js or ts, so that it is one of those that are compiled', () => {
  const others = readDocs().flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => /^(?:[cm][jt]s|[jt]sx|javascript|typescript|node)$/i.test(language))
      .map(({ language, line }) => `${path}:${line} ${language}`),
  )
  expect(others).toEqual([])
})

/** Each block in a folder whose name says where it stands. Returns how many there are. */
function layOutAll(folder: string): number {
  let blocks = 0
  for (const doc of readDocs()) {
    for (const block of doc.blocks.filter(({ language }) => ['js', 'ts'].includes(language))) {
      const place = join(folder, `${doc.path.replaceAll(/[^\w.]/g, '_')}-${block.line}`)
      mkdirSync(place, { recursive: true })
      // A folder of modules, as the examples are.
      writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
      layOut(place, doc, block)
      blocks++
    }
  }
  return blocks
}
