import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ROOT } from '../support/process.ts'

/** A fenced block of a document. */
export interface Block {
  readonly language: string
  readonly text: string
  /** The line of its fence, from 1. */
  readonly line: number
}

/** A document of the repository and the code in it. */
export interface Doc {
  /** Relative to the root. */
  readonly path: string
  /** Where its commands are typed: the root, or the folder of an example. */
  readonly folder: string
  readonly blocks: readonly Block[]
}

/** Every document that shows code to a newcomer. */
export function readDocs(): Doc[] {
  const folders = ['.', ...below('packages'), ...below('examples')]
  const guides = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => join('docs', path))
  const paths = [...folders.map(folder => join(folder, 'README.md')), ...guides].map(path => join(ROOT, path))
  return paths.filter(path => existsSync(path)).map(readDoc)
}

/** The fenced blocks of a Markdown text. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; language: string; line: number; text: string[] } | undefined
  for (const [i, line] of markdown.split('\n').entries()) {
    const fence = /^ *(`{3,}|~{3,}) *([\w-]*)/.exec(line)
    if (open === undefined) {
      if (fence !== null) open = { fence: fence[1]!, language: fence[2]!, line: i + 1, text: [] }
    } else if (fence !== null && fence[2] === '' && fence[1]!.startsWith(open.fence)) {
      blocks.push({ language: open.language, text: open.text.join('\n'), line: open.line })
      open = undefined
    } else open.text.push(line)
  }
  if (open !== undefined) throw new Error(`Expected the fence of line ${open.line} to be closed.`)
  return blocks
}

function readDoc(path: string): Doc {
  const folder = path.startsWith(join(ROOT, 'examples')) ? dirname(path) : ROOT
  return { path: relative(ROOT, path), folder, blocks: blocksOf(readFileSync(path, 'utf8')) }
}

function below(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).map(name => join(folder, name))
}
