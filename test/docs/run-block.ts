import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, type RunningProcess, runProcess, startProcess } from '../support/process.ts'
import { until } from '../support/until.ts'
import type { Block, Doc } from './blocks.ts'

/**
 * Runs the JavaScript of a document as a reader would: in a folder where the packages are installed. A block that
 * begins with `// name.js` is that file, for the other blocks to import. A block that leaves out how its `app` or
 * `server` was made, or where `prometheus` comes from, gets the usual one. A block is right if it ends with code 0, or listens and answers.
 */
export async function runBlock(doc: Doc, block: Block): Promise<void> {
  await inFolder(async folder => {
    const file = layOut(folder, doc, block)
    const ports = join(ROOT, 'test/docs/ports.mjs')
    const env = { PROMETHEUS_MULTIPROC_DIR: join(folder, 'herd'), WEB_CONCURRENCY: '1' }
    const running = await startProcess(process.execPath, ['--import', ports, file], { cwd: folder, env })
    try {
      await untilRight(running)
    } finally {
      await running.stop()
    }
  })
}

/** Checks the types of blocks, with the strictness of the workspace; one compiler for all, as most of it is the packages. */
export async function checkBlocks(blocks: readonly (readonly [Doc, Block])[]): Promise<void> {
  await inFolder(async folder => {
    const files = blocks.map(([doc, block]) => {
      // An error names its file, and so the document and the line.
      const place = join(folder, `${doc.path.replaceAll(/[^\w.]/g, '_')}-${block.line}`)
      mkdirSync(place)
      return layOut(place, doc, block)
    })
    const config = {
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        composite: false,
        declaration: false,
        isolatedDeclarations: false,
        noUnusedLocals: false,
      },
      files,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { code, output } = await runProcess(process.execPath, [tsc, '-p', folder])
    if (code !== 0) throw new Error(output)
  })
}

/** Resolves when the program has ended well or answers on every port that it listens on. */
async function untilRight(running: RunningProcess): Promise<void> {
  let exitCode: number | null | undefined
  void running.exited.then(({ code }) => {
    exitCode = code
  })
  const isRight = async (): Promise<boolean> => {
    if (exitCode !== undefined) return true
    const ports = [...running.output().matchAll(/listening on port (\d+)/g)].map(([, port]) => port)
    for (const port of ports) await fetch(`http://127.0.0.1:${port}/`)
    return ports.length > 0
  }
  try {
    await until(isRight, { what: 'the block to end or to listen', deadlineMs: 30_000 })
  } catch (error) {
    throw new Error(`${String(error)}\n${running.output()}`, { cause: error })
  }
  if (exitCode !== undefined && exitCode !== 0) throw new Error(`It ended with code ${exitCode}.\n${running.output()}`)
}

let folders = 0

/** An empty folder. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  // Below test/, where the packages of the workspace resolve, and with a name that git and the tools ignore.
  const folder = join(ROOT, 'test', 'docs', `${process.pid}-${++folders}.tmp`)
  mkdirSync(folder)
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes a block, and what it may import, into a folder. Returns the file of the block. */
export function layOut(folder: string, doc: Doc, block: Block): string {
  writeFileSync(join(folder, 'app.js'), DEFAULT_APP)
  for (const each of doc.blocks) if (nameOf(each) !== undefined) write(folder, each)
  return write(folder, block)
}

function write(folder: string, block: Block): string {
  const file = join(folder, nameOf(block) ?? `block.${block.language === 'ts' ? 'mts' : 'mjs'}`)
  writeFileSync(file, `${preludeOf(block.text)}${block.text}\n`)
  return file
}

function nameOf({ text, language }: Block): string | undefined {
  return language === 'js' || language === 'ts' ? /^\/\/ ([\w-]+\.[cm]?[jt]s)\b/.exec(text)?.[1] : undefined
}

/** What a reader has already, by the adapter that the block imports. */
function preludeOf(text: string): string {
  for (const [name, mentions, prelude] of PRELUDES) {
    const isUsed = new RegExp(`\\b${name}\\b`).test(text) && mentions.test(text)
    if (isUsed && !new RegExp(`(const|let|var|import) +${name}\\b`).test(text)) return prelude
  }
  return ''
}

const PRELUDES: readonly (readonly [name: string, mentions: RegExp, prelude: string])[] = [
  ['app', /@promherd\/express/, "import express from 'express'\nconst app = express()\n"],
  ['app', /@promherd\/fastify/, "import Fastify from 'fastify'\nconst app = Fastify()\n"],
  ['app', /@promherd\/koa/, "import Koa from 'koa'\nconst app = new Koa()\n"],
  ['app', /@promherd\/hono/, "import { Hono } from 'hono'\nconst app = new Hono()\n"],
  ['prometheus', /^prometheus\(/m, "import { prometheus } from '@promherd/express'\n"],
  ['server', /@promherd\/core/, "import { createServer } from 'node:http'\nconst server = createServer()\n"],
]

const DEFAULT_APP = `import { createServer } from 'node:http'
createServer((request, response) => response.end('ok')).listen(3000)
`
