import { describe, expect, test } from 'vitest'
import { type Block, blocksOf, type Doc, readDocs } from './blocks.ts'
import { complaintsAbout } from './commands.ts'
import { checkBlocks, runBlock } from './run-block.ts'
import { complaintsAboutYaml } from './yaml.ts'

const DOCS = readDocs()

/** What the READMEs show works as it stands there. */
describe.each(DOCS.filter(({ blocks }) => blocks.some(isCode)))('$path', doc => {
  test.each(doc.blocks.filter(isCode))('the $language block of line $line works', async block => {
    if (block.language === 'js') await runBlock(doc, block)
    else if (block.language === 'yaml') expect(complaintsAboutYaml(block)).toEqual([])
    else expect(complaintsAbout(doc, block)).toEqual([])
  })
})

test('every ts block has the types that it says it has', async () => {
  const typed = DOCS.flatMap(doc =>
    doc.blocks.filter(({ language }) => language === 'ts').map(block => [doc, block] as const),
  )
  expect(typed.length).toBeGreaterThan(0)
  await checkBlocks(typed)
})

/** Blocks that are checked one by one. */
function isCode({ language }: Block): boolean {
  return ['js', 'sh', 'yaml'].includes(language)
}

/** The checks above can fail. */
describe('the check of documents', () => {
  const doc = (markdown: string): Doc => ({ path: 'a text', folder: '.', blocks: blocksOf(markdown) })

  test('finds blocks with their language and line', () => {
    expect(blocksOf('a\n```js\n1\n\n2\n```\n````md\n```js\n```\n````\n')).toEqual([
      { language: 'js', text: '1\n\n2', line: 2 },
      { language: 'md', text: '```js\n```', line: 7 },
    ])
  })

  test('refuses a fence that is never closed', () => {
    expect(() => blocksOf('```js\n1\n')).toThrow('line 1')
  })

  test('fails a program that throws', async () => {
    const failing = doc("```js\nthrow new Error('no such herd')\n```")
    await expect(runBlock(failing, failing.blocks[0]!)).rejects.toThrow('no such herd')
  })

  test('accepts a program that listens where the text says, and one that ends', async () => {
    const both = doc(
      '```js\n// app.js\nimport http from "node:http"\nhttp.createServer((q, s) => s.end()).listen(1)\n```\n```js\n1\n```',
    )
    for (const block of both.blocks) await runBlock(both, block)
  })

  test('gives a block the app that it leaves out', async () => {
    const short = doc("```js\nimport { prometheus } from '@promherd/express'\napp.use(prometheus())\n```")
    await runBlock(short, short.blocks[0]!)
  })

  test('runs a cluster with the app that another block is', async () => {
    const start = "startCluster({ workers: 2, metrics: { port: 9091 } }, () => import('./app.js'))"
    const text = doc(`\`\`\`js\nimport { startCluster } from '@promherd/core/cluster'\n${start}\n\`\`\``)
    await runBlock(text, text.blocks[0]!)
  })

  test('fails a wrong type, with the names of a typed block', async () => {
    const wrong = doc("```ts\nimport { createMonitor } from '@promherd/core'\ncreateMonitor({ worker: 'one' })\n```")
    await expect(checkBlocks([[wrong, wrong.blocks[0]!]])).rejects.toThrow('TS2322')
  })

  test('fails YAML that is none, and a collector without what its pipelines name', () => {
    const [wrong, collector] = blocksOf(
      '```yaml\na: [\n```\n```yaml\nreceivers: { otlp: }\nservice: { pipelines: { metrics: { receivers: [otlp, nginx] } } }\n```',
    )
    expect(() => complaintsAboutYaml(wrong!)).toThrow('Flow sequence')
    expect(complaintsAboutYaml(collector!)).toEqual(['There is no `nginx` among the receivers.'])
  })

  test('knows the commands that it lets pass, and no others', () => {
    const typed = doc('```sh\nnpm test\nnpm run nothing\nPORT=1 node app.js # comment\nrm -rf /\ncurl example.org\n```')
    expect(complaintsAbout(typed, typed.blocks[0]!)).toEqual([
      '`npm run nothing` is not a command that the tests know.',
      'There is no file `app.js`.',
      '`rm -rf /` is not a command that the tests know.',
      '`example.org` is not on this machine.',
    ])
  })
})
